//! `/settings/use`: what was used in a period, by day, model and profile, and for owners by account.

use leptos::prelude::*;
use protocol::api::{AccountUsage, AccountUsageList, UsageReport, Used};
use protocol::{Date, grouped};

use crate::base_path::at;
use crate::erase::{Erased, erase};
use crate::label;
use crate::text::{self, tr};

/// The period that the reader chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    Month,
    Week,
    ThirtyDays,
    Year,
    All,
}

impl Span {
    const CHOICES: [Self; 5] = [Self::Month, Self::Week, Self::ThirtyDays, Self::Year, Self::All];

    /// The span with this name in the address; this month for any other name.
    pub fn of(name: &str) -> Self {
        Self::CHOICES.into_iter().find(|span| span.name() == name).unwrap_or(Self::Month)
    }

    /// Its first day; `None` for no beginning.
    pub fn from(self, today: Date) -> Option<Date> {
        match self {
            Self::Month => Some(today.first_of_month()),
            Self::Week => Some(today.days_before(6)),
            Self::ThirtyDays => Some(today.days_before(29)),
            Self::Year => Some(today.first_of_year()),
            Self::All => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Week => "7-days",
            Self::ThirtyDays => "30-days",
            Self::Year => "year",
            Self::All => "all",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Month => tr!(usage_month),
            Self::Week => tr!(usage_week),
            Self::ThirtyDays => tr!(usage_thirty_days),
            Self::Year => tr!(usage_year),
            Self::All => tr!(usage_all),
        }
    }
}

/// Everything that the page shows.
pub struct UsageOverview {
    pub span: Span,
    /// Whether the reader's clock is known; otherwise days are those of UTC.
    pub is_clock_known: bool,
    pub report: UsageReport,
    /// The profiles' names and their titles.
    pub profiles: Vec<(String, String)>,
    /// What all accounts used, for owners of an installation with several.
    pub accounts: Option<AccountUsageList>,
}

/// The page.
#[component]
pub fn UsagePage(
    /// What it shows.
    usage: UsageOverview,
) -> impl IntoView {
    let UsageOverview { span, is_clock_known, report, profiles, accounts } = usage;
    let has_accounts = accounts.is_some();
    let is_cut_short =
        report.cut_short || accounts.as_ref().is_some_and(|accounts| accounts.cut_short);
    let has_costs = report.currency.is_some();
    let days = match (report.from, report.to) {
        (Some(from), Some(to)) => text::usage_days(from, to, report.utc_offset),
        _ => text::usage_all_days(report.utc_offset),
    };
    let unknown_clock = (!is_clock_known).then(|| view! { <p class="quiet">{tr!(usage_utc)}</p> });
    let cut_short = is_cut_short.then(|| view! { <p class="note">{tr!(usage_cut_short)}</p> });
    let none = (report.total.answers == 0).then(|| view! { <p>{tr!(usage_none)}</p> });
    let tables = (report.total.answers > 0).then(|| own_tables(&report, &profiles));
    let accounts = accounts.map(|accounts| accounts_table(&accounts));
    let remarks = remarks(&report.total);
    let costs = has_costs.then(|| view! { <p class="quiet">{tr!(usage_costs)}</p> });
    let own = has_accounts.then(|| view! { <h2>{tr!(usage_own)}</h2> });
    view! {
        <main class="plain usage">
            <p class="wordmark">{text::PRODUCT}</p>
            <h1>{tr!(usage)}</h1>
            <nav class="usage-spans" aria-label=tr!(usage_period)>
                {Span::CHOICES.map(|choice| span_link(choice, span))}
            </nav>
            <p>{days}</p>
            {unknown_clock}
            {cut_short}
            {own}
            {none}
            {remarks}
            {tables}
            {accounts}
            {costs}
            <p class="quiet">{tr!(usage_counted)}</p>
            <nav class="plain-links" aria-label=tr!(pages)>
                <a href=at("/")>{tr!(to_home)}</a>
                <a href=at("/settings")>{tr!(settings)}</a>
                <a href=at("/data")>{tr!(data)}</a>
            </nav>
        </main>
    }
}

fn span_link(choice: Span, chosen: Span) -> Erased {
    let address = at(&format!("/settings/use?period={}", choice.name()));
    erase(view! {
        <a href=address aria-current=(choice == chosen).then_some("true")>
            {choice.words()}
        </a>
    })
}

/// What the numbers do not contain.
fn remarks(total: &Used) -> Option<Erased> {
    let without_tokens =
        (total.answers_without_tokens > 0).then(|| text::usage_without_tokens(total));
    let without_price = (total.answers_without_price > 0).then(|| text::usage_without_price(total));
    let remarks: Vec<_> = [without_tokens, without_price]
        .into_iter()
        .flatten()
        .map(|words| view! { <li>{words}</li> })
        .collect();
    (!remarks.is_empty()).then(|| erase(view! { <ul class="usage-remarks">{remarks}</ul> }))
}

/// One row of a table: its heading, and its share of the longest bar in percent if it has a bar.
struct Row {
    heading: Erased,
    share: Option<u64>,
    used: Used,
}

/// Which of the columns a table has: those without a value in any row are left out.
struct Columns {
    reasoning: bool,
    currency: Option<String>,
}

impl Columns {
    fn of<'u>(used: impl Iterator<Item = &'u Used>, currency: Option<&String>) -> Self {
        let mut used = used;
        let reasoning = used.any(|used| used.reasoning_tokens.is_some());
        Self { reasoning, currency: currency.cloned() }
    }
}

fn own_tables(report: &UsageReport, profiles: &[(String, String)]) -> Erased {
    let columns = Columns::of(std::iter::once(&report.total), report.currency.as_ref());
    let most = report.days.iter().map(|day| tokens(&day.used)).max().unwrap_or(0);
    let days = report.days.iter().map(|day| Row {
        heading: words(day.date.to_string()),
        share: Some((tokens(&day.used) * 100).div_ceil(most.max(1))),
        used: day.used.clone(),
    });
    let models = report.models.iter().map(|model| {
        let (name, place) = (model.model.clone(), label::place(&model.provider));
        let heading = erase(view! { <span>{name} " " <span class="quiet">{place}</span></span> });
        Row { heading, share: None, used: model.used.clone() }
    });
    let rows_of_profiles = report.profiles.iter().map(|row| {
        let name = row.profile.as_str();
        let title = profiles.iter().find(|(known, _)| known == name).map(|(_, title)| title);
        let heading = words(title.map_or(name, String::as_str).to_owned());
        Row { heading, share: None, used: row.used.clone() }
    });
    let total = Some(&report.total);
    erase(view! {
        {table("days", (tr!(usage_by_day), tr!(usage_day)), &columns, days.collect(), total)}
        {table("models", (tr!(usage_by_model), tr!(model)), &columns, models.collect(), None)}
        {table(
            "profiles",
            (tr!(usage_by_profile), tr!(profile)),
            &columns,
            rows_of_profiles.collect(),
            None,
        )}
    })
}

fn accounts_table(list: &AccountUsageList) -> Erased {
    let used = list.accounts.iter().map(|row| &row.used);
    let columns = Columns::of(used, list.currency.as_ref());
    let rows = list.accounts.iter().map(|row| {
        let AccountUsage { name, used, .. } = row;
        let name = name.clone().unwrap_or_else(|| tr!(usage_no_account).to_owned());
        Row { heading: words(name), share: None, used: used.clone() }
    });
    let names = (tr!(usage_by_account), tr!(account));
    erase(view! {
        <section class="usage-accounts">
            {table("accounts", names, &columns, rows.collect(), None)}
            <p class="quiet">{tr!(usage_accounts_what)}</p>
        </section>
    })
}

/// A table with its heading. `names` are those of the table and of its first column.
fn table(
    id: &'static str,
    names: (&'static str, &'static str),
    columns: &Columns,
    rows: Vec<Row>,
    total: Option<&Used>,
) -> Erased {
    let caption_id = format!("usage-{id}");
    let thinking = columns.reasoning.then(|| number_heading(tr!(usage_thinking).to_owned()));
    let cost = columns.currency.as_ref().map(|currency| number_heading(text::usage_cost(currency)));
    let total = total.map(|total| {
        view! {
            <tfoot>
                <tr>
                    <th scope="row">{tr!(usage_total)}</th>
                    {cells(total, columns)}
                </tr>
            </tfoot>
        }
    });
    let rows: Vec<_> = rows
        .into_iter()
        .map(|Row { heading, share, used }| {
            view! {
                <tr>
                    <th scope="row">{heading} {share.map(bar)}</th>
                    {cells(&used, columns)}
                </tr>
            }
        })
        .collect();
    erase(view! {
        // On a narrow screen the table scrolls by itself, with the keyboard as well.
        <div class="usage-table" role="region" aria-labelledby=caption_id tabindex="0">
            <table>
                <caption id=caption_id.clone()>{names.0}</caption>
                <thead>
                    <tr>
                        <th scope="col">{names.1}</th>
                        {number_heading(tr!(usage_answers).to_owned())}
                        {number_heading(tr!(usage_read).to_owned())}
                        {number_heading(tr!(usage_written).to_owned())}
                        {thinking}
                        {cost}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
                {total}
            </table>
        </div>
    })
}

fn number_heading(words: String) -> Erased {
    erase(view! {
        <th scope="col" class="number">
            {words}
        </th>
    })
}

fn cells(used: &Used, columns: &Columns) -> Vec<Erased> {
    let reasoning = columns.reasoning.then(|| match used.reasoning_tokens {
        Some(tokens) => grouped(tokens),
        None => "–".to_owned(),
    });
    let cost = columns.currency.is_some().then(|| cost(used));
    let numbers = [Some(used.answers), Some(used.prompt_tokens), Some(used.completion_tokens)];
    let numbers = numbers.into_iter().map(|number| number.map(grouped));
    let cell = |number: String| erase(view! { <td class="number">{number}</td> });
    numbers.chain([reasoning, cost]).flatten().map(cell).collect()
}

/// The amount, or that there is none: because nothing was counted, or no model of these has a price.
fn cost(used: &Used) -> String {
    match used.cost {
        Some(cost) => cost.rounded(),
        None if used.answers_without_price > 0 => tr!(usage_no_price).to_owned(),
        None => "–".to_owned(),
    }
}

/// A bar for the eye; the table has the numbers.
fn bar(percent: u64) -> Erased {
    erase(view! {
        <svg
            class="usage-bar"
            viewBox="0 0 100 1"
            preserveAspectRatio="none"
            aria-hidden="true"
            focusable="false"
        >
            <rect width=percent.min(100).to_string() height="1"></rect>
        </svg>
    })
}

fn words(words: String) -> Erased {
    erase(view! { <span>{words}</span> })
}

fn tokens(used: &Used) -> u64 {
    used.prompt_tokens.saturating_add(used.completion_tokens).min(u64::MAX / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_span_has_a_name_and_a_first_day() {
        let today: Date = "2026-03-05".parse().unwrap();
        for (name, from) in [
            ("month", Some("2026-03-01")),
            ("7-days", Some("2026-02-27")),
            ("30-days", Some("2026-02-04")),
            ("year", Some("2026-01-01")),
            ("all", None),
            ("", Some("2026-03-01")),
            ("decade", Some("2026-03-01")),
        ] {
            let found = Span::of(name).from(today).map(|date| date.to_string());
            assert_eq!(found.as_deref(), from, "{name}");
        }
        for span in Span::CHOICES {
            assert_eq!(Span::of(span.name()), span);
        }
    }
}
