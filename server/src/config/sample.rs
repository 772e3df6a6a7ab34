//! Prints settings as files: the documented sample, and the configuration in force.

use std::fmt::Write as _;

use toml::{Table, Value};

use super::layer::Origin;
use super::load::{Config, FILE_NAME};
use super::settings::{self, Setting, Settings};

/// The width of a comment in columns.
const COLUMNS: usize = 92;

/// `companion.example.toml`: every setting with its description and its default.
pub fn sample() -> String {
    let mut text = format!(
        "# Every setting of Companion with its default. Copy this file to {FILE_NAME} in the folder\n\
         # that companion is started from (or name it with --config) and change what you like.\n\
         # A setting some_name is also the flag --some-name and the variable COMPANION_SOME_NAME:\n\
         # flags override variables, and variables override this file. Relative paths start at the\n\
         # folder of this file. `companion config` prints the effective settings with their sources.\n"
    );
    let defaults = table(&Settings::default());
    let mut heading = String::new();
    for setting in settings::all() {
        if setting.heading != heading {
            heading.clone_from(&setting.heading);
            let _ = write!(text, "\n# ---- {heading} ----\n");
        }
        text.push('\n');
        text.push_str(&comment(&sentence(&setting)));
        let _ = match defaults.get(&setting.key) {
            Some(value) => writeln!(text, "{} = {value}", setting.key),
            None => writeln!(text, "#{} = {}", setting.key, example(&setting.key)),
        };
    }
    text.push_str(ENDPOINTS);
    text
}

/// The part that no flag or variable can set.
const ENDPOINTS: &str = r#"
# ---- Further endpoints ----

# Any number of OpenAI-compatible endpoints, each a provider with its own name beside "local" and
# "openai"; they can be set only in this file. Profiles, conversations and `provider` choose them
# by name. They come after all other settings, because a setting after a table belongs to the table.
#
#[[endpoint]]
#name = "azure"                          # 1 to 64 of a-z, 0-9 and inner hyphens
#base_url = "https://example.openai.azure.com/openai/deployments/chat"
#api_key_file = "/run/secrets/azure-key" # or api_key_env = "AZURE_KEY"
#key_header = "api-key"                  # without it, Authorization: Bearer
#query = { api-version = "2024-10-21" }  # appended to every URL
#headers = { x-team = "blue" }           # sent with every request
#models = ["gpt-4o*", "*mini"]           # the models to offer, in this order; by default all
#ca_file = "house.pem"                   # authorities, or the server's own certificate
#tls_server_name = "model.house.example" # if the certificate has another name
#proxy = "socks5h://127.0.0.1:9050"      # http, https, socks5, socks5h, or "environment"
#api = "responses"                       # OpenAI's Responses API; by default "chat"
#
# Settings for single models of it; the first table whose pattern matches applies. Parameters that
# a model refuses need no setting: they are learned from its errors.
#
#[[endpoint.model]]
#match = "qwen3-*"
#window_tokens = 32768                   # overrides the size that the endpoint states
#max_tokens_field = "max_tokens"         # or "max_completion_tokens"
#temperature = false                     # the temperature is never sent
#reasoning = "enable_thinking"           # how the effort is sent; one of
#                                        #   "reasoning_effort" as a parameter of that name (the usual way)
#                                        #   "enable_thinking"  on or off, in chat_template_kwargs
#                                        #   "thinking"         the same under the name `thinking`
#                                        #   "openrouter"       in OpenRouter's `reasoning`
#                                        #   "thinking_type"    thinking.type: DeepSeek, GLM, Kimi
#                                        #   "none"             not at all: no effort is offered
#efforts = ["none", "high"]              # the efforts to offer; by default the usual ones
#images = false                          # whether it accepts pictures
#api = "responses"                       # if the endpoint's other models use "chat"

# ---- Prices ----

# The file that prices_file names is a file of its own. Amounts are computed from it alone, also for
# what was used before, and what has no price in it is said to have none. A model's name comes before
# the beginning of names, a longer beginning before a shorter one, and a price of one provider before
# that of all.
#
#currency = "EUR"
#
#[[price]]
#provider = "openai"                     # without it, for all providers
#model = "gpt-4o*"                       # a name, or the beginning of names with a * after it
#input_per_million = 2.50                # for a million tokens that the model reads
#cached_input_per_million = 1.25         # for those that it need not read again; without it, the same
#output_per_million = 10.00              # for a million tokens that it writes, thinking included
"#;

/// The configuration in force as a usable file, with the source of each value.
pub fn effective(config: &Config) -> String {
    let mut values = table(&config.settings);
    let path = |path: &std::path::Path| Value::String(path.display().to_string());
    values.insert("provider".to_owned(), Value::String(config.provider.to_string()));
    values.insert("data_dir".to_owned(), path(&config.data_dir));
    values.insert("model_file".to_owned(), path(&config.model_file));
    if let Some(url) = &config.base_url {
        values.insert("base_url".to_owned(), Value::String(url.clone()));
    }
    let mut text = String::new();
    let mut heading = String::new();
    for setting in settings::all() {
        if setting.heading != heading {
            let gap = if heading.is_empty() { "" } else { "\n" };
            heading.clone_from(&setting.heading);
            let _ = writeln!(text, "{gap}# ---- {heading} ----");
        }
        let place = match config.origin(&setting.key) {
            Origin::Default => "default".to_owned(),
            origin => origin.place(&setting.key),
        };
        let line = match values.get(&setting.key) {
            Some(value) => format!("{} = {value}", setting.key),
            None => format!("#{} is not set", setting.key),
        };
        let _ = writeln!(text, "{line:<40} # {place}");
        let secret = config.identity_provider.as_ref().and_then(|at| at.secret_place.as_ref());
        if let Some(place) = secret.filter(|_| setting.key == "oidc_client_secret_file") {
            let _ = writeln!(text, "{:<40} # {place}", "#oidc_client_secret = \"***\"");
        }
        let key = config.api_key.as_ref().zip(config.api_key_place.as_ref());
        if let Some((key, place)) = key.filter(|_| setting.key == "api_key_file") {
            let line = format!("#api_key = \"{key}\"");
            let _ = writeln!(text, "{line:<40} # {place}");
        }
    }
    for endpoint in &config.endpoints {
        let (name, models) = (&endpoint.name, endpoint.models.len());
        let key = endpoint.api_key_place.as_deref().unwrap_or("no key");
        let _ = write!(text, "\n# [[endpoint]] {name}: {}", endpoint.base_url);
        let proxy = endpoint.proxy_shown.as_deref();
        let proxy = proxy.map(|shown| format!(", proxy: {shown}")).unwrap_or_default();
        let _ = writeln!(text, ", key: {key}, models: {}{proxy}", shown(models));
        for table in &endpoint.model_tables {
            let _ = writeln!(text, "#   [[endpoint.model]] {}", table.names);
        }
    }
    text
}

fn shown(globs: usize) -> String {
    if globs == 0 { "all".to_owned() } else { format!("by {globs} patterns") }
}

fn table(settings: &Settings) -> Table {
    Table::try_from(settings).expect("settings are numbers, texts and lists of texts")
}

fn sentence(setting: &Setting) -> String {
    format!("{}.", setting.help.trim_end_matches('.'))
}

/// The example value of a setting without a default.
fn example(key: &str) -> &'static str {
    match key {
        "proxy_user_header" => "\"X-Remote-User\"",
        "base_path" => "\"/companion\"",
        "oidc_issuer" => "\"https://login.example/realms/home\"",
        "oidc_client_id" => "\"companion\"",
        "oidc_client_secret_file" => "\"/run/secrets/companion-oidc\"",
        "oidc_name" => "\"Home\"",
        "public_url" => "\"https://companion.example\"",
        "data_dir" => "\"/var/lib/companion\"",
        "tls_cert" => "\"/etc/companion/fullchain.pem\"",
        "tls_key" => "\"/etc/companion/privkey.pem\"",
        "provider" => "\"local\"",
        "model" => "\"gpt-4o-mini\"",
        "prices_file" => "\"prices.toml\"",
        "base_url" => "\"http://127.0.0.1:11434/v1\"",
        "api_key_file" => "\"/run/secrets/openai-key\"",
        "proxy" => "\"http://proxy:3128\"",
        "model_file" => "\"/srv/models/model.gguf\"",
        "model_dir" => "\"/srv/models\"",
        "prompts_dir" => "\"prompts\"",
        _ => "\"\"",
    }
}

fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > COLUMNS {
            lines.push_str(&line);
            lines.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    lines + &line + "\n"
}
