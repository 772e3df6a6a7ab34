//! Configuration: flags override variables, which override the file, which overrides the defaults;
//! all mistakes are reported together.

use std::path::{Path, PathBuf};

use protocol::ProviderName;
use server::config::settings;
use server::config::{Config, sample};

use super::support::load;

fn with(file: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("companion.toml"), file).unwrap();
    load(folder.path(), arguments, variables)
}

#[test]
fn the_sandbox_can_be_required_in_each_source() {
    let required = |file, arguments: &[&str], variables: &[(&str, &str)]| {
        with(file, arguments, variables).map(|config| config.settings.local.require_sandbox)
    };
    let (yes, no) = (("COMPANION_REQUIRE_SANDBOX", "true"), ("COMPANION_REQUIRE_SANDBOX", "false"));
    assert_eq!(required("", &[], &[]), Ok(false));
    assert_eq!(required("require_sandbox = true", &[], &[]), Ok(true));
    assert_eq!(required("", &[], &[yes]), Ok(true));
    assert_eq!(required("require_sandbox = true", &[], &[no]), Ok(false));
    assert_eq!(required("", &["--require-sandbox"], &[no]), Ok(true));
    assert_eq!(required("require_sandbox = true", &["--require-sandbox=false"], &[]), Ok(false));
    let unclear = required("", &[], &[("COMPANION_REQUIRE_SANDBOX", "perhaps")]).unwrap_err();
    assert!(unclear.contains("COMPANION_REQUIRE_SANDBOX"), "{unclear}");
}

#[test]
fn the_servers_sandbox_is_on_and_cannot_be_both_required_and_off() {
    let sandbox = |file, arguments: &[&str]| {
        with(file, arguments, &[]).map(|config| config.settings.http.sandbox)
    };
    assert_eq!(sandbox("", &[]), Ok(true));
    assert_eq!(sandbox("sandbox = false", &[]), Ok(false));
    assert_eq!(sandbox("sandbox = false", &["--sandbox", "true"]), Ok(true));
    let refused = sandbox("sandbox = false\nrequire_sandbox = true", &[]).unwrap_err();
    assert!(refused.contains(":1: sandbox: require_sandbox is set"), "{refused}");
}

#[test]
fn flags_override_variables_and_variables_the_file() {
    let stall = |file, arguments, variables| {
        with(file, arguments, variables).unwrap().settings.turns.stall_ms.get()
    };
    let (file, variable) = ("stall_ms = 2000", [("COMPANION_STALL_MS", "3000")]);
    assert_eq!(stall("", &[], &[]), 60_000);
    assert_eq!(stall(file, &[], &[]), 2000);
    assert_eq!(stall(file, &[], &variable), 3000);
    assert_eq!(stall(file, &["--stall-ms", "4000"], &variable), 4000);
    assert_eq!(stall(file, &["serve", "--stall-ms", "4000"], &variable), 4000);
    assert_eq!(stall(file, &["config", "--stall-ms=4000"], &variable), 4000);
    assert_eq!(stall(file, &[], &[("COMPANION_STALL_MS", "")]), 2000);
}

#[test]
fn lists_can_be_written_in_every_source() {
    let hosts = |file, arguments, variables| {
        with(file, arguments, variables).unwrap().settings.http.allowed_hosts
    };
    assert_eq!(hosts("allowed_hosts = [\"a\", \"b:1\"]", &[], &[]), ["a", "b:1"]);
    assert_eq!(hosts("", &[], &[("COMPANION_ALLOWED_HOSTS", "a, b:1")]), ["a", "b:1"]);
    assert_eq!(hosts("", &["--allowed-hosts", "a,b:1"], &[]), ["a", "b:1"]);
    assert_eq!(hosts("", &["--allowed-hosts", "a", "--allowed-hosts", "b:1"], &[]), ["a", "b:1"]);
}

#[test]
fn a_text_that_looks_like_a_number_is_a_text() {
    let config = with("", &["--model", "4"], &[]).unwrap();
    assert_eq!(config.settings.model.model.as_deref(), Some("4"));
}

#[test]
fn all_mistakes_are_reported_together_with_their_positions() {
    let file = "# one\nstall_ms = 5\nstal_ms = 5000\ntrusted_proxies = [\"proxy\"]\n\
                provider = \"magic\"\napi_key = \"sk-secret\"\nallowed_hosts = [\"http://x\"]\n";
    let variables = [("COMPANION_TURN_MS", "long"), ("COMPANION_BASE_URL", "gopher://a")];
    let text = with(file, &[], &variables).unwrap_err();
    for part in [
        "8 things are wrong",
        "companion.toml:2: stall_ms: ",
        "a whole number from 100 to 3600000",
        "companion.toml:3: stal_ms: there is no such setting; did you mean stall_ms?",
        "companion.toml:4: trusted_proxies: \"proxy\" is neither",
        "companion.toml:5: provider: ",
        "companion.toml:6: api_key: a key does not belong in this file",
        "companion.toml:7: allowed_hosts: ",
        "COMPANION_TURN_MS: ",
        "COMPANION_BASE_URL: ",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert!(!text.contains("sk-secret"), "{text}");
}

#[test]
fn a_syntax_error_is_reported_with_its_line() {
    let text = with("a = 1\nb = = 2\n", &[], &[]).unwrap_err();
    assert!(text.contains("companion.toml:2"), "{text}");
}

#[test]
fn a_named_file_has_to_exist_and_the_default_one_need_not() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(load(folder.path(), &[], &[]).unwrap().file, None);
    for (arguments, variables) in [
        (vec!["--config", "other.toml"], vec![]),
        (vec![], vec![("COMPANION_CONFIG", "other.toml")]),
    ] {
        let text = load(folder.path(), &arguments, &variables).unwrap_err();
        assert!(text.contains("other.toml: the configuration file cannot be read"), "{text}");
    }
    std::fs::write(folder.path().join("other.toml"), "stall_ms = 7000").unwrap();
    let config = load(folder.path(), &["config", "--config", "other.toml"], &[]).unwrap();
    assert_eq!(config.settings.turns.stall_ms.get(), 7000);
}

#[test]
fn relative_paths_are_resolved_from_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("companion.toml");
    std::fs::write(&file, "data_dir = \"data\"").unwrap();
    let name = file.to_str().unwrap();
    let config = load(Path::new("/"), &["--config", name], &[]).unwrap();
    assert_eq!(config.data_dir, folder.path().join("data"));
    let config = load(Path::new("/"), &["--config", name, "--data-dir", "here"], &[]).unwrap();
    assert_eq!(config.data_dir, PathBuf::from("here"));
}

#[test]
fn the_base_url_chooses_the_provider_and_a_key_does_not() {
    let url = "base_url = \"http://127.0.0.1:1/v1\"\n";
    let key = |config: &Config| config.api_key.as_ref().map(|key| key.reveal().to_owned());
    let stray = [("OPENAI_API_KEY", "stray")];

    let config = with("", &[], &stray).unwrap();
    assert_eq!((config.provider.clone(), key(&config)), (ProviderName::local(), None));
    let config = with("", &[], &[("COMPANION_API_KEY", "own")]).unwrap();
    assert_eq!((config.provider.clone(), key(&config)), (ProviderName::local(), None));
    let config = with(url, &[], &stray).unwrap();
    assert_eq!(
        (config.provider.clone(), key(&config)),
        (ProviderName::openai(), Some("stray".to_owned()))
    );
    let config = with(url, &["--provider", "local"], &stray).unwrap();
    assert_eq!((config.provider.clone(), key(&config)), (ProviderName::local(), None));
    let config = with("", &["--provider", "openai"], &stray).unwrap();
    assert_eq!(config.base_url.as_deref(), Some("https://api.openai.com/v1"));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "from-file\n").unwrap();
    let from_file = [("COMPANION_API_KEY_FILE", file.to_str().unwrap()), stray[0]];
    assert_eq!(key(&with(url, &[], &from_file).unwrap()), Some("from-file".to_owned()));
    let both = [("COMPANION_API_KEY", "own"), from_file[0]];
    assert_eq!(key(&with(url, &[], &both).unwrap()), Some("own".to_owned()));
    let text = with(url, &[], &[("COMPANION_API_KEY_FILE", "/nowhere/key")]).unwrap_err();
    assert!(text.contains("COMPANION_API_KEY_FILE: /nowhere/key cannot be read"), "{text}");
}

#[test]
fn a_key_cannot_be_a_flag_and_is_never_printed() {
    assert!(with("", &["--api-key", "sk"], &[]).is_err());
    assert!(with("", &["--api-key-file", "f"], &[]).is_err());
    let url = "base_url = \"http://127.0.0.1:1/v1\"\n";
    let config = with(url, &[], &[("COMPANION_API_KEY", "sk-secret")]).unwrap();
    let text = sample::effective(&config);
    assert!(text.contains("api_key = \"***\"") && text.contains("COMPANION_API_KEY"), "{text}");
    assert!(!format!("{text}{config:?}").contains("sk-secret"));
}

#[test]
fn the_printed_configuration_can_be_read_again_and_names_each_source() {
    let file = "stall_ms = 2000\nbase_url = \"http://127.0.0.1:1/v1\"\n";
    let config = with(file, &["--log", "debug"], &[("COMPANION_WORKER_PAGE", "7")]).unwrap();
    let text = sample::effective(&config);
    for (setting, place) in [
        ("stall_ms = 2000", "companion.toml:1"),
        ("log = \"debug\"", "--log"),
        ("worker_page = 7", "COMPANION_WORKER_PAGE"),
        ("turn_ms = 3600000", "default"),
    ] {
        let found = text.lines().any(|line| line.starts_with(setting) && line.contains(place));
        assert!(found, "{setting} by {place} is not in:\n{text}");
    }
    let again = with(&text, &[], &[]).unwrap();
    assert_eq!(toml::to_string(&again.settings.turns), toml::to_string(&config.settings.turns));
    assert_eq!(again.provider, config.provider);
}

#[test]
fn bounds_are_as_documented() {
    let mut bounded = 0;
    for setting in settings::all() {
        let Some((_, range)) = setting.help.rsplit_once('(') else { continue };
        let Some((from, to)) = range.trim_end_matches(')').split_once(" to ") else { continue };
        let (Ok(from), Ok(to)) = (from.parse::<i64>(), to.parse::<i64>()) else { continue };
        // The limit of the whole turn is the largest one, or the other limits are the smallest
        // ones, so that no setting is refused because of another.
        let fits = |value: i64| {
            let turn = if setting.key == "turn_ms" {
                "first_token_ms = 100\nstall_ms = 100\n"
            } else {
                "turn_ms = 86400000\n"
            };
            with(&format!("{turn}{} = {value}\n", setting.key), &[], &[]).is_ok()
        };
        let found = [fits(from - 1), fits(from), fits(to), fits(to + 1)];
        assert_eq!(found, [false, true, true, false], "{}", setting.key);
        bounded += 1;
    }
    assert!(bounded >= 15, "{bounded}");
}

/// `UPDATE=1 cargo test -p server sample` writes the file again.
#[test]
fn the_sample_has_every_setting_with_its_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../companion.example.toml");
    let sample = sample::sample();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &sample).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), sample);

    let config = with(&sample, &[], &[]).unwrap();
    let defaults = with("", &[], &[]).unwrap();
    assert_eq!(toml::to_string(&config.settings), toml::to_string(&defaults.settings));
    let (settings, _) = sample.split_once("\n# ---- Further endpoints").unwrap();
    for setting in settings::all() {
        let (set, unset) = (format!("\n{} = ", setting.key), format!("\n#{} = ", setting.key));
        assert!(settings.contains(&set) != settings.contains(&unset), "{}", setting.key);
    }
    // The commented settings are valid examples, except for those that name missing files.
    let used = settings.replace("\n#", "\n").replace("prompts_dir", "#prompts_dir");
    let used = used.replace("\nmodel_dir", "\n#model_dir");
    let used = used.replace("\nprices_file", "\n#prices_file");
    // Nor can a header be believed without a proxy that is.
    let used = used.replace("\nproxy_user_header", "\n#proxy_user_header");
    // A provider of identities needs somebody who may come in, and by default that is nobody.
    let used = used.replace("\noidc_", "\n#oidc_");
    let used: String = used
        .lines()
        .filter(|line| line.contains(" = ") && !line.starts_with(' '))
        .collect::<Vec<_>>()
        .join("\n");
    let used = used.replace("api_key_file", "#api_key_file");
    assert!(with(&used, &[], &[("COMPANION_API_KEY", "k")]).is_ok(), "{used}");
}

#[test]
fn prices_are_checked_as_a_whole_at_the_start() {
    let price = "[[price]]\nmodel = \"a\"\ninput_per_million = 1.5\noutput_per_million = 2\n";
    let folder = tempfile::tempdir().unwrap();
    let load = |prices: &str, arguments: &[&str]| {
        std::fs::write(folder.path().join("companion.toml"), "prices_file = \"prices.toml\"")
            .unwrap();
        std::fs::write(folder.path().join("prices.toml"), prices).unwrap();
        load(folder.path(), arguments, &[])
    };
    let prices = load(&format!("currency = \"EUR\"\n{price}"), &[]).unwrap().prices.unwrap();
    assert_eq!((prices.currency.as_str(), prices.models.len()), ("EUR", 1));
    assert!(with("", &[], &[]).unwrap().prices.is_none());
    let negative = price.replace("1.5", "-1.5");
    let told = load(&format!("curency = \"EUR\"\n{negative}{price}{price}"), &[]).unwrap_err();
    for part in [
        "4 things are wrong",
        "prices.toml:1: curency: there is no such setting of prices; did you mean currency?",
        "prices.toml:1: currency is missing",
        "prices.toml:4: input_per_million: expected a number from 0 to 1000000",
        "prices.toml:11: model: \"a\" has a price already, at ",
    ] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
    let told = load("", &["--prices-file", "missing.toml"]).unwrap_err();
    assert!(told.contains("--prices-file: missing.toml cannot be read"), "{told}");
    let told = with("", &[], &[("COMPANION_PRICES_FILE", "missing.toml")]).unwrap_err();
    assert!(told.contains("COMPANION_PRICES_FILE: missing.toml cannot be read"), "{told}");
}
