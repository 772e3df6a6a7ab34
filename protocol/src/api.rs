//! Requests and answers of the HTTP contract that have no module of their own.

mod accounts;
mod import;
mod input;
mod messages;
mod search;
mod shares;
mod status;
mod usage;
mod workers;

pub use accounts::{
    AccountList, AccountSummary, AddAccount, AdmittedBy, AuditPage, AuditRecord, ChangePassword,
    CreateToken, CreatedToken, EndedSessions, LogIn, PasswordText, PatchAccount, SessionList,
    SessionStatus, SessionSummary, SetUp, TokenList, TokenScope, TokenSummary,
};
pub use import::{
    ImportFormat, ImportRefusal, ImportReplacement, ImportReport, LeftOut, RefusalCode,
};
pub use input::{InputMessage, InputRole, Interface, Sampling, SentRequest, TurnInput};
pub use messages::{
    Accepted, AnswerWith, AskAgain, Cancelled, EditAnswer, PatchMessage, SendMessage,
};
pub use search::{HitMessage, SearchHit, SearchPage, SnippetPiece};
pub use shares::{CreateShare, ShareList, ShareSummary};
pub use status::{
    Capabilities, CompanionState, LimitsInForce, ProviderStatus, RuntimeList, RuntimeSummary,
    Status,
};
pub use usage::{
    AccountUsage, AccountUsageList, DayUsage, ModelUsage, ProfileUsage, UsageReport, Used,
};
pub use workers::{
    CreateWorker, DeletedList, DeletedWorker, ForkWorker, Instructions, PatchWorker, WorkerPage,
};
