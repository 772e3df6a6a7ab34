//! Counts the processor's instructions while hostile texts are rendered, those of the libraries
//! included: a text of twice the length may take about twice the instructions. Valgrind counts
//! them, so the numbers do not depend on the speed or the load of the machine.
//!
//! Where valgrind is not installed, the test says that it was skipped, and passes.

use std::hint::black_box;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use super::super::render;
use super::hostile::{self, Pair, WORDS};

/// The environment variable that tells the test program that it runs within valgrind.
const COUNTED: &str = "COMPANION_COUNTED_TEXTS";

/// A text of twice the length may take so many times the instructions.
const RATIO: f64 = 2.5;

/// Instructions that are allowed besides: a cache may grow, a table may be made at its first use.
const SLACK: f64 = 2_000_000.0;

/// The lengths that are compared, in bytes.
const BYTES: [usize; 2] = [1_000, 2_000];

/// A sample of the pairs in which each word is the first of a pair and the second of another one.
/// Highlighted code is left out: most of the time would go into loading the syntaxes, and what
/// highlighting costs is bounded for each line.
fn pairs() -> impl Iterator<Item = Pair> {
    let named = |word: &str| word.contains("```r");
    let pairs = hostile::pairs(BYTES[0]).step_by(WORDS.len() / 2 - 1);
    pairs.filter(move |pair| !named(pair.a) && !named(pair.b))
}

#[test]
fn twice_the_text_takes_twice_the_instructions() {
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_err() {
        // The test runner captures `println!`, but not this.
        let skipped = "SKIPPED: valgrind is not installed, so no instructions are counted.\n";
        return io::stderr().write_all(skipped.as_bytes()).unwrap();
    }
    let folder = env::temp_dir().join(format!("companion-counted-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let counts = count(&folder);
    fs::remove_dir_all(&folder).unwrap();
    let pairs: Vec<Pair> = pairs().collect();
    assert_eq!(counts.len(), 2 * pairs.len(), "each text is counted");
    let mut ratios = Vec::new();
    for (pair, counts) in pairs.iter().zip(counts.chunks(2)) {
        let [one, two] = [0, 1].map(|n| counts[n] as f64);
        ratios.push((two / one, two > RATIO * one + SLACK, one, pair));
    }
    ratios.sort_by(|one, other| other.0.total_cmp(&one.0));
    println!("{} texts; the worst:", ratios.len());
    for (ratio, _, one, pair) in &ratios[..12] {
        println!("{ratio:5.2} times {:7.0} instructions a byte: {pair:?}", one / BYTES[0] as f64);
    }
    let bad: Vec<_> = ratios.iter().filter(|(_, bad, ..)| *bad).collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

/// The instructions of each text, followed by those of the text of twice its length.
fn count(folder: &Path) -> Vec<u64> {
    // The test program knows the other test by its path within the crate.
    let path = module_path!().split_once("::").map_or("", |(_, path)| path);
    let texts = format!("{path}::texts_to_count");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--read-inline-info=no"])
        // This part of the function's name survives the compiler's mangling. With the two options
        // in the other order valgrind 3.19 makes no dumps.
        .args(["--dump-after=*in_valgrind*", "--zero-before=*in_valgrind*"])
        .arg(format!("--callgrind-out-file={}", folder.join("out").display()))
        .arg(env::current_exe().unwrap())
        .args(["--exact", &texts, "--ignored"])
        .arg("--test-threads=1")
        .env(COUNTED, "1")
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    let read = |n: usize| {
        let dump = fs::read_to_string(folder.join(format!("out.{n}"))).ok()?;
        let total = dump.lines().find_map(|line| line.strip_prefix("summary: "))?;
        Some(total.trim().parse().unwrap())
    };
    // The first dump is that of a text which only initializes what is made once.
    (2..).map_while(read).collect()
}

#[test]
#[ignore = "the other test runs this within valgrind"]
fn texts_to_count() {
    if env::var_os(COUNTED).is_none() {
        return;
    }
    rendered_in_valgrind("$x^2$ http://a.example\n");
    for pair in pairs() {
        rendered_in_valgrind(&pair.text(1));
        rendered_in_valgrind(&pair.text(2));
    }
}

#[inline(never)]
fn rendered_in_valgrind(text: &str) {
    black_box(render(black_box(text), "m"));
}
