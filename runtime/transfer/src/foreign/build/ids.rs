//! Derives ids, so that importing the same file gives the same conversations.

use protocol::api::ImportFormat;
use protocol::{LogId, MessageId, Timestamp, TurnId, WorkerId};
use sha2::{Digest, Sha256};

use super::{Foreign, Node, source};

/// Ids that are derived from the other program's.
pub(super) struct Ids {
    pub(super) worker: WorkerId,
    pub(super) log: LogId,
    seed: Sha256,
    begin: Timestamp,
}

impl Ids {
    pub(super) fn of(foreign: &Foreign, at: Timestamp) -> Self {
        let mut seed = Sha256::new_with_prefix("companion import\0");
        let mut add = |text: &str| {
            seed.update((text.len() as u64).to_be_bytes());
            seed.update(text);
        };
        add(source(foreign.format));
        add(&foreign.id);
        if foreign.id.is_empty() {
            // Without an id, the title and time have to tell the conversation from others.
            add(foreign.title.as_deref().unwrap_or_default());
            add(&at.to_rfc3339());
            foreign.nodes.iter().for_each(|node| add(&node.id));
            if foreign.format == ImportFormat::Messages {
                // Such conversations number their nodes alike, so their texts have to tell them
                // apart.
                foreign.nodes.iter().for_each(|node| add(&node.text));
            }
        }
        let log = bytes(&seed, "log", "");
        let log =
            LogId(u64::from_be_bytes(log[..8].try_into().expect("ten bytes hold eight")) >> 1);
        let worker = WorkerId::from_parts(unix_ms(at), bytes(&seed, "worker", ""));
        Self { worker, log, seed, begin: at }
    }

    pub(super) fn message(&self, node: &Node) -> MessageId {
        let at = node.at.unwrap_or(self.begin);
        MessageId::from_parts(unix_ms(at), bytes(&self.seed, "message", &node.id))
    }

    pub(super) fn turn(&self, node: &Node) -> TurnId {
        let at = node.at.unwrap_or(self.begin);
        TurnId::from_parts(unix_ms(at), bytes(&self.seed, "turn", &node.id))
    }
}

fn bytes(seed: &Sha256, kind: &str, id: &str) -> [u8; 10] {
    let digest = seed.clone().chain_update(kind).chain_update([0]).chain_update(id).finalize();
    digest[..10].try_into().expect("a digest has more than ten bytes")
}

fn unix_ms(at: Timestamp) -> u64 {
    u64::try_from(at.unix_ms()).unwrap_or(0)
}
