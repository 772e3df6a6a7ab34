//! `/share/{worker_id}` and `/shares`: the form that shares a conversation, and the list of the own
//! shares.

use leptos::prelude::*;
use protocol::{ExcerptParts, MessageId, Role, WorkerId};
use shares::{Share, ShareDays, ShareError, ShareId};

use crate::base_path::at;
use crate::components::{DoneNote, FormMistake, Moment};
use crate::erase::{Erased, erase};
use crate::label;
use crate::origin::Origin;
use crate::text::{self, tr};

/// Shows the buttons that copy an address where the browser lets a page write to the clipboard, which
/// it does over HTTPS and on this machine.
const COPY: &str = "if(navigator.clipboard)for(const b of document.querySelectorAll(\"[data-copied]\")){b.hidden=false;b.onclick=()=>navigator.clipboard.writeText(b.previousElementSibling.value).then(()=>{b.textContent=b.dataset.copied})}";

/// The Content-Security-Policy of the list: that of the other pages that only the server renders, and
/// exactly the script [`COPY`].
pub const COPY_POLICY: &str = "default-src 'none'; \
    script-src 'sha256-AYbiPX1dqHroo5HSpiN2ww0TLv8ET2Hms06UozkQuKo='; \
    require-trusted-types-for 'script'; style-src 'self'; img-src 'self' data:; \
    manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A message that can be the last one of a copy.
pub struct Until {
    pub id: MessageId,
    /// Its place in the branch, from 1.
    pub number: usize,
    pub role: Role,
    /// Its first words.
    pub beginning: String,
    pub chosen: bool,
}

/// The form that shares a conversation.
pub struct ShareForm {
    pub worker_id: WorkerId,
    /// The id of the message at which the branch ends that the console shows; empty for the newest
    /// branch.
    pub branch: String,
    pub title: String,
    /// The last messages of the branch.
    pub offered: Vec<Until>,
    /// Which parts there are.
    pub has: ExcerptParts,
    /// Which parts were chosen.
    pub parts: ExcerptParts,
    pub days: ShareDays,
    /// How many shares of this conversation there are already.
    pub shared_before: usize,
    pub error: Option<ShareError>,
}

/// The page with the form.
#[component]
pub fn SharePage(
    /// The form's data.
    form: ShareForm,
) -> impl IntoView {
    let ShareForm { worker_id, branch, title, offered, has, parts, days, shared_before, error } =
        form;
    let is_off = matches!(error, Some(ShareError::Off));
    let mistake =
        error.as_ref().map(|error| view! { <FormMistake words=text::share_error(error) /> });
    let before = (shared_before > 0).then(|| {
        view! {
            <p>
                {text::shared_before(shared_before)} " " <a href=at("/shares")>{tr!(shares_all)}</a>
            </p>
        }
    });
    let fields = (!is_off).then(|| {
        let back = at(&format!("/c/{worker_id}"));
        let preview = at(&format!("/share/{worker_id}/preview"));
        view! {
            <p>{tr!(share_what)}</p>
            <form class="account-form" method="post" action=at(&format!("/share/{worker_id}"))>
                <input type="hidden" name="m" value=branch />
                <div class="labelled">
                    <label for="share-title">{tr!(title)}</label>
                    <input
                        id="share-title"
                        name="title"
                        type="text"
                        maxlength=protocol::limits::TITLE_CHARS.to_string()
                        value=title
                        autocomplete="off"
                        aria-describedby="share-title-hint"
                    />
                    <p class="quiet" id="share-title-hint">
                        {tr!(share_title_hint)}
                    </p>
                </div>
                {until_field(offered)}
                <fieldset>
                    <legend>{tr!(share_also)}</legend>
                    {part("thinking", tr!(share_thinking), has.reasoning, parts.reasoning)}
                    {part("prompt", tr!(share_prompt), has.prompts, parts.prompts)}
                </fieldset>
                {days_field(days)}
                <p class="actions">
                    <button class="button" data-kind="primary" type="submit">
                        {tr!(share_make)}
                    </button>
                    <button
                        class="button"
                        type="submit"
                        formmethod="get"
                        formaction=preview
                        formtarget="_blank"
                    >
                        {tr!(share_preview)}
                    </button>
                    <a class="button" href=back>
                        {tr!(share_back)}
                    </a>
                </p>
            </form>
        }
    });
    view! {
        <main class="plain accounts">
            <p class="wordmark">{text::PRODUCT}</p>
            <h1>{tr!(share)}</h1>
            {mistake}
            {before}
            {fields}
            {pages_nav()}
        </main>
    }
}

fn until_field(offered: Vec<Until>) -> Erased {
    let last = offered.last().map(|until| until.id);
    let is_chosen = offered.iter().any(|until| until.chosen);
    // The newest comes first, because it is the usual choice.
    let options: Vec<_> = offered
        .into_iter()
        .rev()
        .map(|Until { id, number, role, beginning, chosen }| {
            let who = match role {
                Role::User => tr!(you),
                Role::Assistant => text::PRODUCT,
            };
            let selected = chosen || (!is_chosen && last == Some(id));
            view! {
                <option value=id.to_string() selected=selected>
                    {format!("{number}. {who}: {beginning}")}
                </option>
            }
        })
        .collect();
    erase(view! {
        <div class="labelled">
            <label for="share-until">{tr!(share_last)}</label>
            <select id="share-until" name="until">
                {options}
            </select>
        </div>
    })
}

/// A part that the copy may have. One that the conversation does not have cannot be chosen.
fn part(name: &'static str, words: &'static str, there: bool, chosen: bool) -> Erased {
    erase(view! {
        <label class="choice">
            <input type="checkbox" name=name value="on" checked=there && chosen disabled=!there />
            {words}
            {(!there).then(|| view! { <span class="quiet">{tr!(share_none_there)}</span> })}
        </label>
    })
}

fn days_field(days: ShareDays) -> Erased {
    let choices: Vec<_> = ShareDays::ALL
        .into_iter()
        .map(|choice| {
            view! {
                <option value=choice.get().to_string() selected=choice == days>
                    {text::share_days(choice)}
                </option>
            }
        })
        .collect();
    erase(view! {
        <div class="labelled">
            <label for="share-days">{tr!(share_for)}</label>
            <select id="share-days" name="days">
                {choices}
            </select>
        </div>
    })
}

/// The own shares.
#[derive(Default)]
pub struct SharesList {
    /// The newest first.
    pub shares: Vec<Share>,
    /// The one that was made just now.
    pub made: Option<ShareId>,
    /// Whether one was revoked just now.
    pub revoked: bool,
    /// Whether sharing is switched off.
    pub sharing_is_off: bool,
    /// Under which address the reader knows this server.
    pub origin: Option<Origin>,
    pub error: Option<ShareError>,
}

/// The page with the list.
#[component]
pub fn SharesPage(
    /// The list and what a form has done.
    list: SharesList,
) -> impl IntoView {
    let SharesList { shares, made, revoked, sharing_is_off, origin, error } = list;
    let mistake =
        error.as_ref().map(|error| view! { <FormMistake words=text::share_error(error) /> });
    let is_made = made.is_some_and(|made| shares.iter().any(|share| share.id == made));
    let done = match (is_made, revoked) {
        (true, _) => Some(tr!(share_made)),
        (false, true) => Some(tr!(share_revoked)),
        (false, false) => None,
    };
    let here = origin.as_ref().is_some_and(|origin| origin.is_loopback) && !shares.is_empty();
    let none = shares.is_empty().then(|| view! { <p class="quiet">{tr!(shares_none)}</p> });
    let rows: Vec<_> =
        shares.iter().map(|share| row(share, origin.as_ref(), made == Some(share.id))).collect();
    let rows = (!rows.is_empty()).then(|| view! { <ul class="rows shares">{rows}</ul> });
    view! {
        <main class="plain accounts">
            <p class="wordmark">{text::PRODUCT}</p>
            <h1>{tr!(shares)}</h1>
            {done.map(|words| view! { <DoneNote words /> })}
            {mistake}
            <p>{tr!(shares_what)}</p>
            {sharing_is_off.then(|| view! { <p class="unencrypted">{tr!(share_error_off)}</p> })}
            {here.then(|| view! { <p class="unencrypted">{tr!(shares_here)}</p> })}
            {none}
            {rows}
            {pages_nav()}
            <script>{COPY}</script>
        </main>
    }
}

fn row(share: &Share, origin: Option<&Origin>, made: bool) -> Erased {
    let path = at(&format!("/s/{}", share.token.reveal()));
    let address = origin.map_or_else(|| path.clone(), |origin| origin.address(&path));
    let title = label::title(share.title.as_deref()).unwrap_or(tr!(excerpt_untitled)).to_owned();
    let id = format!("share-{}", share.id.0);
    let closed = (!share.open).then(|| view! { <span class="row-tag">{tr!(share_closed)}</span> });
    let also = [
        share.parts.reasoning.then_some(tr!(share_thinking)),
        share.parts.prompts.then_some(tr!(share_prompt)),
    ];
    let also: Vec<_> = also.into_iter().flatten().collect();
    let also = (!also.is_empty()).then(|| format!(" · {}", also.join(" · ")));
    let conversation = at(&format!("/c/{}", share.worker_id));
    erase(view! {
        <li data-made=made.then_some("")>
            <div>
                <p class="row-title">
                    <a href=path rel="noreferrer">
                        {title.clone()}
                    </a>
                    {closed}
                </p>
                <p class="quiet">
                    {text::messages(usize::try_from(share.messages).unwrap_or(usize::MAX))} " · "
                    {text::kilobytes(share.bytes)} {also}
                </p>
                <p class="quiet">
                    {tr!(share_from)} " " <Moment at=share.created_at /> " · " {tr!(share_until)}
                    " " <Moment at=share.expires_at /> " · "
                    <a href=conversation>{tr!(share_conversation)}</a>
                </p>
                <div class="share-address">
                    <label for=id.clone()>{tr!(share_address)}</label>
                    <input
                        id=id
                        type="text"
                        readonly
                        autofocus=made
                        autocomplete="off"
                        spellcheck="false"
                        value=address
                    />
                    <button
                        class="button"
                        type="button"
                        hidden
                        data-copied=tr!(copied)
                        aria-label=tr!(share_copy_of, title = title.clone())
                    >
                        {tr!(copy)}
                    </button>
                </div>
            </div>
            <form method="post" action=at("/shares/revoke")>
                <input type="hidden" name="share" value=share.id.0.to_string() />
                <button class="button" type="submit" aria-label=tr!(share_revoke_of, title = title)>
                    {tr!(share_revoke)}
                </button>
            </form>
        </li>
    })
}

fn pages_nav() -> Erased {
    erase(view! {
        <nav class="plain-links" aria-label=tr!(pages)>
            <a href=at("/")>{tr!(to_home)}</a>
            <a href=at("/shares")>{tr!(shares)}</a>
            <a href=at("/data")>{tr!(data)}</a>
        </nav>
    })
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// Base64 (RFC 4648, section 4).
    fn base64(bytes: &[u8]) -> String {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for three in bytes.chunks(3) {
            let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or_default());
            let number = byte(0) << 16 | byte(1) << 8 | byte(2);
            for at in 0..4 {
                let digit = char::from(DIGITS[(number >> (18 - 6 * at) & 63) as usize]);
                text.push(if at <= three.len() { digit } else { '=' });
            }
        }
        text
    }

    #[test]
    fn the_policy_allows_the_script_that_copies_and_no_other() {
        assert_eq!(base64(b"f"), "Zg==");
        let hash = base64(&Sha256::digest(COPY));
        assert!(COPY_POLICY.contains(&format!("script-src 'sha256-{hash}'; ")), "{hash}");
        assert!(!COPY_POLICY.contains("unsafe"));
    }
}
