//! From another program's tree to a log.
//!
//! Branches stay branches: siblings have the same parent, and the branch that was shown last
//! comes last, which makes it the newest here. A turn of another program says so (its provider
//! is `imported`), names its model, and has no digest of a prompt, since nobody here knows
//! what its model was sent. Ids follow from the other program's, so that the same file gives
//! the same conversations.

use std::collections::HashMap;

use protocol::api::Sampling;
use protocol::{
    Event, EventBody, LogId, Message, MessageId, ProfileName, ProviderName, Role, Timestamp,
    Timings, Turn, TurnId, TurnState, WorkerId,
};
use sha2::{Digest, Sha256};

use super::{Foreign, Node};
use crate::newborn;
use crate::store::WholeLog;
use crate::transfer::check::Checker;
use crate::transfer::{CONVERSATION_BYTES, Format};
use crate::worker::title;

/// What a turn's model is called where the export does not say.
const UNKNOWN: &str = "unknown";

/// Characters of a model's name.
const MODEL_CHARS: usize = 200;

/// The log, and how many entries have no place in it.
pub(super) fn log(foreign: Foreign, profile: &ProfileName) -> Result<(WholeLog, u64), String> {
    let tree = Tree::of(&foreign)?;
    let mut left_out: u64 = foreign.nodes.iter().map(|node| node.left_out).sum();
    let order = tree.order();
    let begins = order.iter().filter_map(|&index| foreign.nodes[index].at).min();
    let at = foreign.created_at.or(begins).unwrap_or(Timestamp::from_unix_ms(0));
    let ids = Ids::of(&foreign, at);

    let mut writer =
        Writer { ids: &ids, source: source(foreign.format), events: Vec::new(), bytes: 0 };
    let first = order.iter().find(|&&index| tree.role(index) == Some(Role::User));
    let title = title(foreign.title.as_deref(), first.map(|&index| &*foreign.nodes[index].text));
    writer.push(at, EventBody::WorkerCreated { title, profile: profile.clone() });
    // An entry without a time has that of the one before it.
    let mut last_at = at;
    for index in order {
        let node = &foreign.nodes[index];
        let Some(role) = tree.role(index) else { continue };
        let at = node.at.unwrap_or(last_at);
        last_at = at;
        match role {
            Role::User => {
                let parent = tree.parent(index).map(|parent| ids.message(&foreign.nodes[parent]));
                writer.question(node, parent, at)?;
            }
            Role::Assistant => match tree.question(index) {
                // One that others only go on from is part of them.
                Some(_) if tree.is_continued(index) => {}
                Some(question) => {
                    let parts = tree.answer(index).into_iter().rev();
                    let texts: Vec<&str> = parts.map(|part| &*foreign.nodes[part].text).collect();
                    let question = ids.message(&foreign.nodes[question]);
                    writer.answer(node, question, &texts, at)?;
                }
                // Nobody asked for it; here every answer has a question.
                None => left_out += 1,
            },
        }
    }
    let events = writer.events;
    let mut checker = Checker::default();
    for event in &events {
        checker.take(event)?;
    }
    let worker = newborn::folded(ids.worker, at, &events);
    Ok((WholeLog { worker, log: ids.log, events, prompts: Vec::new() }, left_out))
}

fn source(format: Format) -> &'static str {
    match format {
        Format::Companion => "companion",
        Format::Chatgpt => "chatgpt",
        Format::OpenWebui => "open-webui",
    }
}

/// The title, on one line and cut, or one from the first question.
fn title(title: Option<&str>, first: Option<&str>) -> Option<String> {
    let title = title.map(title::taken_over).filter(|title| !title.is_empty());
    let made = || first.map(title::of).filter(|title| !title.is_empty());
    title.or_else(made)
}

/// The nodes as places in a list, each with the nearest ancestor that is taken over.
struct Tree<'a> {
    nodes: &'a [Node],
    /// What is taken over of each.
    roles: Vec<Option<Role>>,
    parents: Vec<Option<usize>>,
    children: Vec<Vec<usize>>,
    roots: Vec<usize>,
    /// The user's message that an answer is to.
    questions: Vec<Option<usize>>,
    /// Nodes on the branch that was shown last.
    shown: Vec<bool>,
}

impl<'a> Tree<'a> {
    fn of(foreign: &'a Foreign) -> Result<Self, String> {
        let nodes = &foreign.nodes;
        let count = nodes.len();
        let mut known: HashMap<&str, usize> = HashMap::with_capacity(count);
        for (index, node) in nodes.iter().enumerate() {
            if known.insert(&node.id, index).is_some() {
                return Err("a message's id is there twice".to_owned());
            }
        }
        let find = |id: &Option<String>| id.as_deref().and_then(|id| known.get(id).copied());
        // A parent that is not in the file is none: its branch begins here.
        let raw: Vec<Option<usize>> = nodes.iter().map(|node| find(&node.parent)).collect();
        let order = parents_first(&raw).ok_or("its messages go in a circle")?;
        let mut tree = Self {
            nodes,
            roles: nodes.iter().map(kept).collect(),
            parents: vec![None; count],
            children: vec![Vec::new(); count],
            roots: Vec::new(),
            questions: vec![None; count],
            shown: vec![false; count],
        };
        for &index in &order {
            let parent = raw[index];
            // The parent's own nearest ancestor is known by now.
            tree.parents[index] = match parent {
                Some(parent) if tree.roles[parent].is_some() => Some(parent),
                Some(parent) => tree.parents[parent],
                None => None,
            };
            tree.questions[index] = tree.parents[index].and_then(|above| match tree.roles[above] {
                Some(Role::User) => Some(above),
                _ => tree.questions[above],
            });
        }
        for index in 0..count {
            if tree.roles[index].is_some() {
                match tree.parents[index] {
                    Some(parent) => tree.children[parent].push(index),
                    None => tree.roots.push(index),
                }
            }
        }
        let mut next = find(&foreign.current);
        while let Some(index) = next {
            tree.shown[index] = true;
            next = raw[index];
        }
        Ok(tree)
    }

    fn role(&self, index: usize) -> Option<Role> {
        self.roles[index]
    }

    /// The message that it follows here. Below an answer that nobody asked for there is none.
    fn parent(&self, index: usize) -> Option<usize> {
        let parent = self.parents[index]?;
        (self.role(parent) == Some(Role::User) || self.question(parent).is_some()).then_some(parent)
    }

    fn question(&self, index: usize) -> Option<usize> {
        self.questions[index]
    }

    /// Whether others go on from an answer and nothing else hangs from it.
    fn is_continued(&self, index: usize) -> bool {
        let children = &self.children[index];
        !children.is_empty()
            && children.iter().all(|&child| self.role(child) == Some(Role::Assistant))
    }

    /// The pieces that one answer is made of, the last first.
    fn answer(&self, index: usize) -> Vec<usize> {
        let mut pieces = vec![index];
        let mut next = self.parents[index];
        while let Some(parent) = next.filter(|&parent| self.role(parent) == Some(Role::Assistant)) {
            pieces.push(parent);
            next = self.parents[parent];
        }
        pieces
    }

    /// Parents before their children, siblings by their time, what was shown last at the end.
    fn order(&self) -> Vec<usize> {
        let sorted = |siblings: &[usize]| {
            let mut siblings = siblings.to_vec();
            siblings.sort_by_key(|&index| (self.shown[index], self.nodes[index].at, index));
            siblings.reverse();
            siblings
        };
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut stack = sorted(&self.roots);
        while let Some(index) = stack.pop() {
            order.push(index);
            stack.extend(sorted(&self.children[index]));
        }
        order
    }
}

/// Whose text is taken over. A question may be nothing but an image.
fn kept(node: &Node) -> Option<Role> {
    let image = node.role == Some(Role::User) && node.left_out > 0;
    node.role.filter(|_| !node.text.is_empty() || image)
}

/// All nodes, parents first; none where they go in a circle.
fn parents_first(parents: &[Option<usize>]) -> Option<Vec<usize>> {
    let mut children = vec![Vec::new(); parents.len()];
    let mut order = Vec::with_capacity(parents.len());
    for (index, parent) in parents.iter().enumerate() {
        match parent {
            Some(parent) => children[*parent].push(index),
            None => order.push(index),
        }
    }
    let mut done = 0;
    while let Some(&index) = order.get(done) {
        order.extend_from_slice(&children[index]);
        done += 1;
    }
    (order.len() == parents.len()).then_some(order)
}

/// Ids that follow from the other program's.
struct Ids {
    worker: WorkerId,
    log: LogId,
    seed: Sha256,
    begin: Timestamp,
}

impl Ids {
    fn of(foreign: &Foreign, at: Timestamp) -> Self {
        let mut seed = Sha256::new_with_prefix("companion import\0");
        let mut add = |text: &str| {
            seed.update((text.len() as u64).to_be_bytes());
            seed.update(text);
        };
        add(source(foreign.format));
        add(&foreign.id);
        if foreign.id.is_empty() {
            // What else tells it from others.
            add(foreign.title.as_deref().unwrap_or_default());
            add(&at.to_rfc3339());
            foreign.nodes.iter().for_each(|node| add(&node.id));
        }
        let log = bytes(&seed, "log", "");
        let log =
            LogId(u64::from_be_bytes(log[..8].try_into().expect("ten bytes hold eight")) >> 1);
        let worker = WorkerId::from_parts(unix_ms(at), bytes(&seed, "worker", ""));
        Self { worker, log, seed, begin: at }
    }

    fn message(&self, node: &Node) -> MessageId {
        let at = node.at.unwrap_or(self.begin);
        MessageId::from_parts(unix_ms(at), bytes(&self.seed, "message", &node.id))
    }

    fn turn(&self, node: &Node) -> TurnId {
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

/// Writes the events.
struct Writer<'a> {
    ids: &'a Ids,
    source: &'static str,
    events: Vec<Event>,
    /// Of all texts. Answers that share their beginning each have it.
    bytes: u64,
}

impl Writer<'_> {
    fn push(&mut self, at: Timestamp, body: EventBody) {
        let seq = self.events.len() as u64 + 1;
        self.events.push(Event { seq, first_seq: None, at, body });
    }

    fn count(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes += bytes as u64;
        if self.bytes > CONVERSATION_BYTES {
            return Err(format!("its texts have more than {CONVERSATION_BYTES} bytes"));
        }
        Ok(())
    }

    fn question(
        &mut self,
        node: &Node,
        parent: Option<MessageId>,
        at: Timestamp,
    ) -> Result<(), String> {
        self.count(node.text.len())?;
        let message = Message {
            id: self.ids.message(node),
            parent,
            role: Role::User,
            text: node.text.clone(),
            html: None,
            created_at: at,
            turn_id: None,
        };
        self.push(at, EventBody::MessageCommitted { message });
        Ok(())
    }

    fn answer(
        &mut self,
        node: &Node,
        question: MessageId,
        texts: &[&str],
        at: Timestamp,
    ) -> Result<(), String> {
        self.count(texts.iter().map(|text| text.len() + 2).sum())?;
        let (turn_id, answer) = (self.ids.turn(node), self.ids.message(node));
        let model = node.model.as_deref().filter(|model| !model.is_empty()).unwrap_or(UNKNOWN);
        let turn = Turn {
            turn_id,
            question,
            answer,
            continues: None,
            state: TurnState::Accepted,
            waiting: None,
            error: None,
            finish: None,
            profile: self.source.parse().expect("the sources' names are names of profiles"),
            provider: ProviderName::Imported,
            model: model.chars().take(MODEL_CHARS).collect(),
            prompt_digest: String::new(),
            bundle_digest: String::new(),
            sampling: Sampling::default(),
            sight: None,
            loading: false,
            retries: Vec::new(),
            usage: None,
            timings: Timings::default(),
            started_at: at,
            ended_at: None,
        };
        let text = texts.join("\n\n");
        self.push(at, EventBody::TurnAccepted { turn: Box::new(turn) });
        self.push(at, EventBody::TextDelta { turn_id, message_id: answer, offset: 0, text });
        self.push(
            at,
            EventBody::TurnEnded {
                turn_id,
                state: TurnState::Completed,
                error: None,
                finish: None,
                usage: None,
                timings: Timings::default(),
            },
        );
        Ok(())
    }
}
