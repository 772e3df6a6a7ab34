//! `companion bundle`: prints the profiles and prompts in force.

use std::process::ExitCode;

use anyhow::Context as _;
use runtime::bundle::{Bundle, Variables};

use crate::config::Config;
use crate::engine;

/// Prints each profile with its rendered prompt, and the digest of the bundle.
pub fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let bundle = engine::bundle(config).context("the prompts cannot be used")?;
    match &config.settings.prompts.prompts_dir {
        Some(folder) => say!("folder   {}", folder.display()),
        None => say!("folder   none: the built-in prompts"),
    }
    say!("digest   {}", bundle.digest());
    say!("default  {}", bundle.default_profile());
    print_profiles(config, &bundle)?;
    Ok(ExitCode::SUCCESS)
}

fn print_profiles(config: &Config, bundle: &Bundle) -> anyhow::Result<()> {
    for profile in bundle.profiles() {
        let variables = Variables {
            workspace: config.settings.prompts.workspace.clone(),
            language: profile.language.clone(),
            date: today(),
        };
        let titles: Vec<_> = profile.title.by_language(&profile.language).into_values().collect();
        say!("\n[{}]  {}  ({})", profile.name, titles.join(", "), profile.language);
        let provider = profile.provider.as_ref().map_or("the configured one", |name| name.as_str());
        say!("provider {provider}");
        say!("model    {}", profile.model.as_deref().unwrap_or("the configured one"));
        let sampling = serde_json::to_string(&profile.sampling)?;
        say!("sampling {sampling}");
        say!("prompt   {}\n", profile.prompt);
        for line in bundle.render(profile, &variables)?.lines() {
            say!("    {line}");
        }
    }
    Ok(())
}

fn today() -> String {
    use runtime::clock::{Clock as _, SystemClock};
    SystemClock.now().date_utc()
}
