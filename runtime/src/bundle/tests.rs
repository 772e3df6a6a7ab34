use super::*;

fn variables() -> Variables {
    Variables {
        workspace: "Acme".to_owned(),
        language: "en".to_owned(),
        date: "2026-11-22".to_owned(),
    }
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

const ONE: &str = "default = \"a\"\n\n[[profile]]\nname = \"a\"\ntitle = \"A\"\nprompt = \"a.md\"\nlanguage = \"en\"\n";

#[test]
fn the_embedded_bundle_is_valid_in_both_languages() {
    let bundle = Bundle::embedded().unwrap();
    for profile in bundle.profiles() {
        let prompt = bundle.render(profile, &variables()).unwrap();
        assert!(prompt.contains("Acme") && prompt.contains("2026-11-22"), "{prompt}");
        assert!(!prompt.contains("{{"));
    }
    assert!(bundle.profile(bundle.default_profile()).is_some());
    assert_eq!(bundle.digest().len(), "sha256:".len() + 64);
}

/// The text before the date stays the same from day to day, so that an endpoint can reuse the part
/// of the prompt that it has cached (https://platform.openai.com/docs/guides/prompt-caching).
#[test]
fn the_date_comes_last_in_every_built_in_prompt() {
    let bundle = Bundle::embedded().unwrap();
    let on = |profile: &Profile, date: &str| {
        bundle.render(profile, &Variables { date: date.to_owned(), ..variables() }).unwrap()
    };
    for profile in bundle.profiles() {
        let (one, other) = (on(profile, "2026-11-22"), on(profile, "2026-11-23"));
        let (before, last) = one.rsplit_once('\n').unwrap();
        assert!(last.contains("2026-11-22"), "{one}");
        assert!(other.starts_with(before), "{other}");
    }
}

#[test]
fn the_digest_changes_with_every_byte() {
    let a = folder(&[("profiles.toml", ONE), ("a.md", "Hello.")]);
    let b = folder(&[("profiles.toml", ONE), ("a.md", "Hello!")]);
    let digest = |folder: &tempfile::TempDir| {
        Bundle::from_folder(folder.path()).unwrap().digest().to_owned()
    };
    assert_ne!(digest(&a), digest(&b));
    assert_eq!(digest(&a), digest(&a));
}

#[test]
fn errors_in_a_bundle_name_file_and_line() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("a.md", "x")], "profiles.toml of the prompts folder is missing"),
        (&[("profiles.toml", ONE)], "profiles.toml, line 6: there is no prompt `a.md`"),
        (&[("profiles.toml", "default = 3"), ("a.md", "x")], "profiles.toml, line 1: "),
        (
            &[("profiles.toml", &ONE.replacen("\"a\"", "\"b\"", 1)), ("a.md", "x")],
            "profiles.toml, line 1: there is no profile `b`",
        ),
        (
            &[
                ("profiles.toml", &ONE.replacen('\n', "\ndefault_in = { ja = \"c\" }\n", 1)),
                ("a.md", "x"),
            ],
            "profiles.toml, line 2: there is no profile `c`",
        ),
        (
            &[
                ("profiles.toml", &ONE.replacen('\n', "\ndefault_in = { Japanese = \"a\" }\n", 1)),
                ("a.md", "x"),
            ],
            "profiles.toml, line 2: `Japanese` is no language tag such as `ja`",
        ),
        (&[("profiles.toml", ONE), ("a.md", "one\n{{ nobody }}")], "a.md, line 2: undefined value"),
        (&[("profiles.toml", ONE), ("a.md", "one\ntwo {% if %}")], "a.md, line 2: syntax error"),
    ];
    for (files, expected) in cases {
        let error = Bundle::from_folder(folder(files).path()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}\nexpected: {expected}");
    }
}

#[test]
fn an_endless_template_is_stopped() {
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    let error = Bundle::from_folder(folder(&[("profiles.toml", ONE), ("a.md", endless)]).path());
    assert!(error.unwrap_err().to_string().contains("fuel"));
}
