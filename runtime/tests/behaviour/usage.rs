//! What was used is read from the logs, by each account for itself.

use protocol::api::ForkWorker;
use protocol::{AccountId, AccountRole, Date, ErrorCode, Finish, UtcOffset};
use provider::Output;
use runtime::{Access, ConflictPolicy, ExportForm, Principal, Unsound, UsagePeriod};

use crate::scripted::{OTHER, USAGE};
use crate::stage::{Stage, soon};

fn as_account(stage: &Stage, number: u32, role: AccountRole) -> Access {
    let account = AccountId::new(number).unwrap();
    stage.runtime.access(Principal { account, role })
}

/// How many answers count.
async fn answers(access: &Access) -> u64 {
    soon(access.usage(UsagePeriod::default())).await.unwrap().total.answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_counted_when_they_have_ended() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("one", &["un", "o"]).await;
    stage.ask_and_answer("two", &["dos"]).await;
    // This endpoint does not count.
    let (accepted, call) = stage.ask("three").await;
    call.begin().await;
    call.text("tres").await;
    call.say(Output::Finished { finish: Finish::Stop, usage: None }).await;
    stage.ended(&accepted).await;
    // This one never began.
    let (accepted, call) = stage.ask("four").await;
    call.fail(protocol::ProviderKind::Auth).await;
    stage.ended(&accepted).await;
    let (_, call) = stage.ask("five").await;
    call.begin().await;
    stage.script.keep(call);

    let report = soon(stage.runtime.usage(UsagePeriod::default())).await.unwrap();
    let total = &report.total;
    assert_eq!((total.answers, total.answers_without_tokens), (3, 1));
    let (read, written) = (u64::from(USAGE.prompt_tokens), u64::from(USAGE.completion_tokens));
    assert_eq!((total.prompt_tokens, total.completion_tokens), (2 * read, 2 * written));
    assert_eq!((report.days.len(), report.models.len(), report.profiles.len()), (1, 1, 1));
    assert_eq!((report.days[0].date.to_string().as_str(), report.cut_short), ("2025-11-22", false));
    assert_eq!((report.currency, total.cost, total.answers_without_price), (None, None, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_of_each_answer_is_counted() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("one", &["a"]).await;
    let other = runtime::ModelPatch { model: Some(Some(OTHER.to_owned())), ..Default::default() };
    soon(stage.runtime.choose(stage.worker, other)).await.unwrap();
    stage.ask_and_answer("two", &["b"]).await;
    let report = soon(stage.runtime.usage(UsagePeriod::default())).await.unwrap();
    let models: Vec<_> = report.models.iter().map(|row| row.model.as_str()).collect();
    assert!(models.len() == 2 && models.contains(&OTHER), "{models:?}");
    assert!(report.models.iter().all(|row| row.used.answers == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_account_sees_nothing_of_it_and_an_owner_only_totals() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("between us", &["a ", "secret"]).await;
    let them = as_account(&stage, 2, AccountRole::Member);
    let theirs = soon(them.usage(UsagePeriod::default())).await.unwrap();
    assert_eq!(theirs.total, protocol::api::Used::default());
    assert!(theirs.days.is_empty() && theirs.models.is_empty() && theirs.profiles.is_empty());
    let refused = soon(them.usage_by_account(UsagePeriod::default())).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden);
    let owner = as_account(&stage, 3, AccountRole::Owner);
    assert_eq!(answers(&owner).await, 0);
    let list = soon(owner.usage_by_account(UsagePeriod::default())).await.unwrap();
    let accounts: Vec<_> =
        list.accounts.iter().map(|row| (row.account, row.used.answers)).collect();
    assert_eq!(accounts, [(AccountId::FIRST, 1)]);
}

/// Neither a fork nor an import uses anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_do_not_count_and_what_follows_them_does() {
    let mut stage = Stage::new().await;
    let turn = stage.ask_and_answer("one", &["uno"]).await;
    let fork = ForkWorker { message_id: turn.answer, title: None };
    let copy = soon(stage.runtime.fork(stage.worker, fork)).await.unwrap();
    assert_eq!(answers(&stage.runtime).await, 1);
    stage.worker = copy.worker_id;
    stage.ask_and_answer("two", &["dos"]).await;
    assert_eq!(answers(&stage.runtime).await, 2);

    let (_, mut export) =
        soon(stage.runtime.export_one(stage.worker, ExportForm::Lines)).await.unwrap();
    let mut lines = Vec::new();
    while let Some(piece) = soon(export.next()).await {
        lines.extend(piece.unwrap());
    }
    let them = as_account(&stage, 2, AccountRole::Member);
    let mut incoming = them.incoming().unwrap();
    incoming.write(&lines).await.unwrap();
    let report = soon(them.import(incoming, ConflictPolicy::Refuse, Unsound::Refuse)).await;
    assert_eq!(report.unwrap().imported, 1);
    assert_eq!((answers(&them).await, answers(&stage.runtime).await), (0, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_conversation_counts_as_long_as_it_can_be_restored() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("one", &["uno"]).await;
    soon(stage.runtime.delete(stage.worker)).await.unwrap();
    assert_eq!(answers(&stage.runtime).await, 1);
    soon(stage.runtime.delete_for_good(stage.worker)).await.unwrap();
    assert_eq!(answers(&stage.runtime).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_period_has_whole_days_of_the_readers_clock() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("one", &["uno"]).await;
    let date = |text: &str| text.parse::<Date>().unwrap();
    let used = async |from: &str, to: &str, minutes: i16| {
        let utc_offset = UtcOffset::try_from(minutes).unwrap();
        let period = UsagePeriod { from: Some(date(from)), to: Some(date(to)), utc_offset };
        soon(stage.runtime.usage(period)).await.map(|report| report.total.answers)
    };
    assert_eq!(used("2025-11-22", "2025-11-22", 0).await, Ok(1));
    assert_eq!(used("2025-11-21", "2025-11-21", 0).await, Ok(0));
    assert_eq!(used("2025-11-23", "2025-11-30", 0).await, Ok(0));
    // There the day began later, and the answer was of the day before.
    assert_eq!(used("2025-11-22", "2025-11-22", -600).await, Ok(0));
    assert_eq!(used("2025-11-21", "2025-11-21", -600).await, Ok(1));
    let refused = used("2025-11-22", "2025-11-21", 0).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidInput);
}
