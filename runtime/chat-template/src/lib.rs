//! Renders a model's own chat template so that no message can forge the marks between messages.
//!
//! The text of a message never enters the template. An unguessable mark stands in for it, and the
//! output is cut at these marks: [`Piece::Literal`] is the template's own text, in which special
//! tokens count, and [`Piece::Content`] names the message whose text belongs there. Templates come
//! with model files from anywhere, so rendering has bounded fuel and no access to anything outside.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, Value, context};
use protocol::Effort;
use protocol::api::InputRole;

/// The most steps of one rendering; a long conversation takes about ten thousand.
const FUEL: u64 = 2_000_000;
/// The variables that switch thinking on or off, and the one that holds the effort. The names are
/// also written out where a conversation is rendered.
const SWITCHES: [&str; 2] = ["enable_thinking", "thinking"];
const EFFORT: &str = "reasoning_effort";
/// The template's name in the engine's errors.
const NAME: &str = "chat_template";

/// A compiled template.
pub struct ChatTemplate {
    environment: Environment<'static>,
}

/// A part of the rendered conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text of the template itself.
    Literal(String),
    /// The text of the message with this index.
    Content(usize),
    /// The thinking of the message with this index.
    Reasoning(usize),
}

/// Options of one rendering.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// The reasoning effort; `None` leaves it to the template.
    pub effort: Option<Effort>,
    /// The indices of the messages whose thinking the template may include.
    pub reasoned: Vec<usize>,
}

/// Why the template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The template is not valid Jinja, as far as the template engine knows it.
    #[error("the template cannot be parsed")]
    Parse(#[source] Error),
    /// The template raised an exception, failed, or took too many steps.
    #[error("the template refuses the conversation")]
    Refused(#[source] Error),
    /// The output lacks the text of a message, so the model would not see it.
    #[error("the template leaves out a message")]
    Dropped,
    /// The output is empty, so there is no prompt.
    #[error("the template renders no text")]
    Empty,
    /// The unguessable marks that stand in for the texts could not be made.
    #[error("the operating system provided no random bytes")]
    Random(#[source] getrandom::Error),
}

/// The reasoning efforts that a model with this chat template accepts; empty if the template does
/// not parse.
pub fn efforts_of(template: &str) -> Vec<Effort> {
    let template = ChatTemplate::new(template, String::new(), String::new());
    template.map(|template| template.efforts()).unwrap_or_default()
}

impl ChatTemplate {
    /// Compiles `source`. `bos` and `eos` are the texts of the special tokens that many templates
    /// write themselves.
    pub fn new(source: &str, bos: String, eos: String) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        // The same settings as in the transformers library, for which templates are written.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(TemplateError::Parse)?);
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.set_fuel(Some(FUEL));
        environment.add_function("raise_exception", raise_exception);
        environment.add_function("strftime_now", strftime_now);
        environment.add_global("bos_token", bos);
        environment.add_global("eos_token", eos);
        // The transformers library uses these tags only to mark the text to train on.
        let source = source.replace("{% generation %}", "").replace("{% endgeneration %}", "");
        environment.add_template_owned(NAME, source).map_err(TemplateError::Parse)?;
        Ok(Self { environment })
    }

    /// Renders messages of these roles, up to where the model begins to write.
    ///
    /// Neighbours of one role become one message, as `model_io::outgoing` does it for every
    /// provider. If the template refuses a system message, or drops it, the system text is put in
    /// front of the first message instead. Error: the template refuses the conversation in this
    /// form, too.
    pub fn render(
        &self,
        roles: &[InputRole],
        wishes: &Wishes,
    ) -> Result<Vec<Piece>, TemplateError> {
        let by_turns = neighbours_merged(roles);
        let error = match self.render_groups(roles, &by_turns, wishes) {
            Err(error @ TemplateError::Random(_)) => return Err(error),
            Err(error) => error,
            done => return done,
        };
        let Some(without_system) = system_merged(roles, &by_turns) else { return Err(error) };
        self.render_groups(roles, &without_system, wishes).map_err(|_| error)
    }

    /// The reasoning efforts that the model accepts: named ones (gpt-oss), on and off (Qwen3, GLM,
    /// SmolLM3; Granite, DeepSeek V3.1), or none. They follow from the variables that the template
    /// reads and does not set.
    pub fn efforts(&self) -> Vec<Effort> {
        let Ok(template) = self.environment.get_template(NAME) else { return Vec::new() };
        let variables = template.undeclared_variables(false);
        let reads = |name: &&str| variables.contains(*name);
        let switched = SWITCHES.iter().any(reads);
        let usual = Effort::usual();
        match (reads(&EFFORT), switched) {
            (true, true) => usual,
            // The template has no name for switching thinking off.
            (true, false) => usual.into_iter().filter(|effort| !effort.is_none()).collect(),
            (false, true) => Effort::on_and_off(),
            (false, false) => Vec::new(),
        }
    }

    /// Renders one message for each group, with the role of the group's last member.
    fn render_groups(
        &self,
        roles: &[InputRole],
        groups: &[Vec<usize>],
        wishes: &Wishes,
    ) -> Result<Vec<Piece>, TemplateError> {
        let marks = Marks::new()?;
        let messages: Vec<Value> = groups
            .iter()
            .map(|group| {
                let role = group.last().map_or(InputRole::User, |last| roles[*last]);
                let content: Vec<String> = group.iter().map(|index| marks.of(*index)).collect();
                let content = content.join("\n\n");
                let reasoned = group.iter().filter(|index| wishes.reasoned.contains(index));
                let thoughts: Vec<String> = reasoned.map(|i| marks.of_reasoning(*i)).collect();
                let message = context! { role => role_name(role), content };
                match thoughts.join("\n\n") {
                    none if none.is_empty() => message,
                    thought => context! { reasoning_content => thought, ..message },
                }
            })
            .collect();
        let told = match &wishes.effort {
            None => Value::UNDEFINED,
            Some(effort) => {
                let (on, name) = (!effort.is_none(), effort.as_str());
                context! { enable_thinking => on, thinking => on, reasoning_effort => name }
            }
        };
        let text = self
            .environment
            .get_template(NAME)
            .and_then(|template| {
                template.render(context! {
                    messages, add_generation_prompt => true, tools => (), documents => (), ..told
                })
            })
            .map_err(TemplateError::Refused)?;
        let pieces = marks.cut(&text);
        let all = (0..roles.len()).all(|index| pieces.contains(&Piece::Content(index)));
        if all { Ok(pieces) } else { Err(TemplateError::Dropped) }
    }
}

/// Marks that stand in for texts: only letters and digits, so that no filter of a template changes
/// them, and random, so that no text can contain one.
struct Marks(String);

impl Marks {
    fn new() -> Result<Self, TemplateError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(TemplateError::Random)?;
        Ok(Self(format!("m{:032x}n", u128::from_le_bytes(random))))
    }

    fn of(&self, index: usize) -> String {
        format!("{}{index}e", self.0)
    }

    fn of_reasoning(&self, index: usize) -> String {
        format!("{}{index}r", self.0)
    }

    fn cut(&self, text: &str) -> Vec<Piece> {
        let mut parts = text.split(&self.0);
        let mut pieces: Vec<Piece> = parts.next().into_iter().filter_map(literal).collect();
        for part in parts {
            // Only a mark can be followed by an index here, since nothing else contains its random
            // prefix.
            let end = part.find(['e', 'r']).unwrap_or(part.len());
            let (index, rest) = part.split_at(end);
            let piece = if rest.starts_with('r') { Piece::Reasoning } else { Piece::Content };
            pieces.extend(index.parse().ok().map(piece));
            pieces.extend(literal(rest.get(1..).unwrap_or_default()));
        }
        pieces
    }
}

fn literal(text: &str) -> Option<Piece> {
    (!text.is_empty()).then(|| Piece::Literal(text.to_owned()))
}

fn system_merged(roles: &[InputRole], groups: &[Vec<usize>]) -> Option<Vec<Vec<usize>>> {
    match (roles, groups) {
        ([InputRole::System, InputRole::User, ..], [system, first, rest @ ..]) => {
            let merged = [system.as_slice(), first].concat();
            Some([&[merged], rest].concat())
        }
        _ => None,
    }
}

fn neighbours_merged(roles: &[InputRole]) -> Vec<Vec<usize>> {
    let indices: Vec<usize> = (0..roles.len()).collect();
    indices.chunk_by(|a, b| roles[*a] == roles[*b]).map(<[usize]>::to_vec).collect()
}

fn role_name(role: InputRole) -> &'static str {
    match role {
        InputRole::System => "system",
        InputRole::User => "user",
        InputRole::Assistant => "assistant",
    }
}

fn raise_exception(message: String) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

/// The current date in UTC, which some templates write into their system message.
fn strftime_now(format: String) -> Result<String, Error> {
    let refused = |_| Error::new(ErrorKind::InvalidOperation, "no such date format");
    let format = time::format_description::parse_strftime_owned(&format).map_err(refused)?;
    time::OffsetDateTime::now_utc()
        .format(&format)
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, "the date cannot be written so"))
}

#[cfg(test)]
mod tests;
