//! The handle to the shares, which the server uses.

use std::net::IpAddr;
use std::sync::Arc;

use accounts::{AuditKind, Clock, Note};
use protocol::{AccountId, Error, ErrorCode, Excerpt, ExcerptParts, Timestamp, WorkerId};
use store::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::share::{NewShare, Share, ShareDays, ShareId};
use crate::store::{AddedShare, ShareStore, ShareUsage, limits};
use crate::token::ShareToken;

/// The memory that the shares may take together which are being read, in KiB. A share stays in memory
/// until its reader has all of it, however slow that one is, and strangers may read.
const READING_KIB: u32 = 128 << 10;

/// The memory of one that is being read, beside twice its stored length: once as it is, and once as
/// what is made of it.
const READING_ONE_KIB: u32 = 16;

/// Whether this installation shares anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Accounts may share their conversations.
    Allowed,
    /// No share is made, and none that was made before can be read.
    Off,
}

/// Why a share could not be made or found.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// The owner of this installation has switched sharing off.
    #[error("this installation shares no conversations")]
    Off,
    /// There is no such share, or no such conversation, or it is another account's.
    #[error("there is no such share or conversation")]
    NotFound,
    /// There is no text in what would be shared.
    #[error("there is nothing to share yet")]
    Blank,
    /// The account has as many as it may have.
    #[error("there are as many shares as an account may have; revoke some")]
    Full,
    /// The excerpt is too long.
    #[error("this is longer than {} MiB; share fewer messages, or export it", limits::BYTES >> 20)]
    Large,
    /// So many shares are being read that there is no memory for another one.
    #[error("too many shares are being read at the moment")]
    Busy,
    /// The store failed.
    #[error("the shares cannot be read or changed")]
    Store(#[from] StoreError),
}

/// Who asks for a change, for the audit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Actor {
    /// The account, if somebody has logged in.
    pub account: Option<AccountId>,
    /// From which address.
    pub from: Option<IpAddr>,
}

/// What is to be shared.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Whose conversation it is.
    pub account: AccountId,
    /// The conversation.
    pub worker_id: WorkerId,
    /// The copy, as the runtime made it for that account.
    pub excerpt: Excerpt,
    /// What it has besides the messages.
    pub parts: ExcerptParts,
    /// For how long.
    pub days: ShareDays,
}

/// The handle to the shares; cheap to clone.
#[derive(Clone)]
pub struct Shares {
    store: Arc<dyn ShareStore>,
    sharing: Sharing,
    clock: Clock,
    reading: Arc<Semaphore>,
}

/// A share that is being read.
#[derive(Debug)]
pub struct ReadShare {
    /// The share.
    pub share: Share,
    /// Its content.
    pub excerpt: Excerpt,
    /// Held until the reader has all of it.
    pub place: OwnedSemaphorePermit,
}

impl Shares {
    /// Called once when the process starts.
    pub fn new(store: Arc<dyn ShareStore>, sharing: Sharing, clock: Clock) -> Self {
        let reading = Arc::new(Semaphore::new(READING_KIB as usize));
        Self { store, sharing, clock, reading }
    }

    /// Whether anything is shared here.
    pub fn sharing(&self) -> Sharing {
        self.sharing
    }

    /// Shares an excerpt.
    pub async fn share(&self, wish: Wish, by: Actor) -> Result<Share, ShareError> {
        self.allowed()?;
        let Wish { account, worker_id, excerpt, parts, days } = wish;
        if excerpt.is_blank() {
            return Err(ShareError::Blank);
        }
        let created_at = self.now();
        let (token, expires_at) = (ShareToken::random(), days.after(created_at));
        let new = NewShare { account, worker_id, token, excerpt, parts, created_at, expires_at };
        match self.store.add_share(new, self.note(AuditKind::ShareMade, by)).await? {
            AddedShare::Share(share) => Ok(share),
            AddedShare::NotFound => Err(ShareError::NotFound),
            AddedShare::Full => Err(ShareError::Full),
            AddedShare::Large => Err(ShareError::Large),
        }
    }

    /// The shares of an account that have not ended, the newest first. While sharing is off they
    /// are listed, too, so that they can be revoked.
    pub async fn shares(&self, account: AccountId) -> Result<Vec<Share>, ShareError> {
        let mut shares = self.store.shares(account, self.now()).await?;
        if self.sharing == Sharing::Off {
            shares.iter_mut().for_each(|share| share.open = false);
        }
        Ok(shares)
    }

    /// How many shares an account has that have not ended, and their bytes: all that an owner sees of
    /// another account's shares.
    pub async fn usage(&self, account: AccountId) -> Result<ShareUsage, ShareError> {
        Ok(self.store.share_usage(account, self.now()).await?)
    }

    /// The share that an address names. What is unknown, has ended, was revoked or is closed is the
    /// same error: `NotFound`. Error: `Busy`.
    pub async fn shared(&self, token: &str) -> Result<ReadShare, ShareError> {
        if self.sharing == Sharing::Off {
            return Err(ShareError::NotFound);
        }
        let token = ShareToken::parse(token).ok_or(ShareError::NotFound)?;
        let found = self.store.shared(token.hash(), self.now()).await?;
        let (share, excerpt) = found.ok_or(ShareError::NotFound)?;
        let kib = u32::try_from(share.bytes.div_ceil(512)).unwrap_or(READING_KIB);
        let kib = kib.saturating_add(READING_ONE_KIB).min(READING_KIB);
        let place = self.reading.clone().try_acquire_many_owned(kib);
        let place = place.map_err(|_| ShareError::Busy)?;
        Ok(ReadShare { share, excerpt, place })
    }

    /// Revokes a share of an account. From then on its address is unknown.
    pub async fn revoke(
        &self,
        account: AccountId,
        id: ShareId,
        by: Actor,
    ) -> Result<(), ShareError> {
        let note = self.note(AuditKind::ShareRevoked, by);
        match self.store.revoke_share(account, id, note).await? {
            true => Ok(()),
            false => Err(ShareError::NotFound),
        }
    }

    /// Removes the shares that have ended. Called now and then.
    pub async fn collect(&self) -> Result<(), ShareError> {
        let now = self.now();
        while self.store.remove_ended_shares(now).await? {}
        Ok(())
    }

    /// Errors with `Off`.
    pub fn allowed(&self) -> Result<(), ShareError> {
        match self.sharing {
            Sharing::Allowed => Ok(()),
            Sharing::Off => Err(ShareError::Off),
        }
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn note(&self, kind: AuditKind, by: Actor) -> Note {
        Note { at: self.now(), kind, by: by.account, from: by.from }
    }
}

impl ShareError {
    /// The code of the same error in the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Off => ErrorCode::Forbidden,
            Self::NotFound => ErrorCode::NotFound,
            Self::Blank | Self::Full | Self::Large => ErrorCode::InvalidInput,
            Self::Busy => ErrorCode::RateLimited,
            Self::Store(_) => ErrorCode::Unavailable,
        }
    }
}

/// The error of the API. The pages have words of their own, in both languages.
impl From<ShareError> for Error {
    fn from(error: ShareError) -> Self {
        let words = error.to_string();
        let mut chars = words.chars();
        let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        let error_of_api = Self::new(error.code(), format!("{first}{}.", chars.as_str()));
        match error {
            // The cause names files; it is logged where it occurs, and no client gets it.
            ShareError::Store(_) => error_of_api.with_hint("The server's log says why."),
            _ => error_of_api,
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{ExcerptMessage, Role};

    use super::*;
    use crate::token::TokenHash;

    /// A store in which every token names a share of the greatest length.
    struct OneLong;

    #[async_trait::async_trait]
    impl ShareStore for OneLong {
        async fn add_share(&self, _: NewShare, _: Note) -> Result<AddedShare, StoreError> {
            Ok(AddedShare::NotFound)
        }

        async fn shares(&self, _: AccountId, _: Timestamp) -> Result<Vec<Share>, StoreError> {
            Ok(vec![long()])
        }

        async fn share_usage(&self, _: AccountId, _: Timestamp) -> Result<ShareUsage, StoreError> {
            Ok(ShareUsage { count: 1, bytes: limits::BYTES })
        }

        async fn shared(
            &self,
            _: TokenHash,
            _: Timestamp,
        ) -> Result<Option<(Share, Excerpt)>, StoreError> {
            Ok(Some((long(), Excerpt::default())))
        }

        async fn revoke_share(
            &self,
            _: AccountId,
            _: ShareId,
            _: Note,
        ) -> Result<bool, StoreError> {
            Ok(true)
        }

        async fn remove_ended_shares(&self, _: Timestamp) -> Result<bool, StoreError> {
            Ok(false)
        }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(ms)
    }

    fn long() -> Share {
        Share {
            id: ShareId(1),
            account: AccountId::FIRST,
            worker_id: WorkerId::from_parts(1, [1; 10]),
            token: ShareToken::random(),
            title: None,
            messages: 1,
            parts: ExcerptParts::default(),
            bytes: limits::BYTES,
            created_at: at(1),
            expires_at: at(9),
            open: true,
        }
    }

    fn shares(sharing: Sharing) -> Shares {
        Shares::new(Arc::new(OneLong), sharing, Arc::new(|| at(5)))
    }

    #[tokio::test]
    async fn readers_who_do_not_read_take_a_bounded_amount_of_memory() {
        let shares = shares(Sharing::Allowed);
        let token = ShareToken::random();
        let mut reading = Vec::new();
        while let Ok(found) = shares.shared(token.reveal()).await {
            reading.push(found);
        }
        assert!((8..=16).contains(&reading.len()), "{}", reading.len());
        assert!(matches!(shares.shared(token.reveal()).await, Err(ShareError::Busy)));
        reading.pop();
        assert!(shares.shared(token.reveal()).await.is_ok());
    }

    #[tokio::test]
    async fn nothing_is_shared_or_read_while_sharing_is_off() {
        let shares = shares(Sharing::Off);
        let message = ExcerptMessage {
            role: Role::User,
            text: "Why?".to_owned(),
            reasoning: String::new(),
            model: None,
            created_at: at(1),
            incomplete: None,
            edited: false,
        };
        let wish = Wish {
            account: AccountId::FIRST,
            worker_id: WorkerId::from_parts(1, [1; 10]),
            excerpt: Excerpt { messages: vec![message], ..Excerpt::default() },
            parts: ExcerptParts::default(),
            days: ShareDays::default(),
        };
        let refused = shares.share(wish, Actor::default()).await;
        assert!(matches!(refused, Err(ShareError::Off)));
        let read = shares.shared(ShareToken::random().reveal()).await;
        assert!(matches!(read, Err(ShareError::NotFound)));
        // They are listed as closed, and can still be revoked.
        let listed = shares.shares(AccountId::FIRST).await.unwrap();
        assert!(listed.iter().all(|share| !share.open));
        shares.revoke(AccountId::FIRST, ShareId(1), Actor::default()).await.unwrap();
    }

    #[test]
    fn an_error_is_a_sentence_with_a_code() {
        let error = Error::from(ShareError::Large);
        assert_eq!(error.code, ErrorCode::InvalidInput);
        assert!(error.message.starts_with("This is longer than 4 MiB;"), "{}", error.message);
    }
}
