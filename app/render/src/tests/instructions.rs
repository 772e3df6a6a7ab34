//! Counts CPU instructions while hostile texts are rendered, including those of libraries: a text
//! of twice the length may take about twice the instructions. Valgrind counts them, so the numbers
//! do not depend on the speed or load of the machine.
//!
//! Each text is counted at a short length. Those that grow fastest are also counted at a longer
//! one, where a quadratic cost stands out more.
//!
//! Without valgrind, the test reports that it was skipped and passes; it fails if
//! `COMPANION_REQUIRE_VALGRIND` is set.

use std::hint::black_box;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use super::super::render;
use super::hostile::{self, Pair, Size, WORDS};

/// The environment variable that tells the test program that it runs in valgrind: the length of the
/// texts in bytes, and the numbers of the pairs.
const COUNTED: &str = "COMPANION_COUNTED_TEXTS";

/// The environment variable that makes the test fail on a machine without valgrind.
const REQUIRED: &str = "COMPANION_REQUIRE_VALGRIND";

/// The highest allowed ratio of instructions for twice the length.
const RATIO: f64 = 2.5;

/// Instructions that are allowed in addition, such as for a growing cache. One-time initialisation
/// happens before anything is counted.
const SLACK: f64 = 200_000.0;

/// The length of all texts and that of the fastest-growing ones, in bytes. Each is compared with
/// twice its length.
const SHORT: usize = 1_000;
const LONG: usize = 8_000;

/// How many texts are counted at the longer length.
const FASTEST: usize = 12;

/// A sample of the pairs in which each word is the first of one pair and the second of another.
/// Highlighted code is left out, because most of the time would go into loading the syntaxes; the
/// cost of highlighting is limited per line anyway.
fn pairs() -> Vec<Pair> {
    let highlighted = |pair: &Pair| [pair.a, pair.b].into_iter().any(hostile::is_highlighted);
    let pairs = hostile::pairs().step_by(WORDS.len() / 2 - 1);
    pairs.filter(|pair| !highlighted(pair)).collect()
}

/// The instructions for a pair's text, and for the text of twice its length.
struct Count {
    pair: usize,
    one: f64,
    two: f64,
}

impl Count {
    fn ratio(&self) -> f64 {
        self.two / self.one
    }

    fn is_bad(&self) -> bool {
        self.two > RATIO * self.one + SLACK
    }
}

#[test]
fn twice_the_text_takes_about_twice_the_instructions() {
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_err() {
        assert!(env::var_os(REQUIRED).is_none(), "valgrind is not installed");
        // The test runner captures `println!`, but not this.
        let skipped = "SKIPPED: valgrind is not installed, so no instructions are counted.\n";
        return io::stderr().write_all(skipped.as_bytes()).unwrap();
    }
    let pairs = pairs();
    let all: Vec<usize> = (0..pairs.len()).collect();
    let short = count(SHORT, &all);
    let fastest: Vec<usize> = short[..FASTEST].iter().map(|count| count.pair).collect();
    let long = count(LONG, &fastest);
    let mut bad = Vec::new();
    for (bytes, counts) in [(SHORT, short), (LONG, long)] {
        println!("{} texts of {bytes} bytes; the fastest to grow:", counts.len());
        for (n, count) in counts.iter().enumerate() {
            let (ratio, each) = (count.ratio(), count.one / bytes as f64);
            let said = format!(
                "{ratio:5.2} times {each:7.0} instructions a byte: {:?}",
                pairs[count.pair]
            );
            if n < FASTEST {
                println!("{said}");
            }
            if count.is_bad() {
                bad.push(format!("{bytes} bytes: {said}"));
            }
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

/// Counts the texts of some pairs at a length and at twice the length; the fastest-growing come
/// first.
fn count(bytes: usize, pairs: &[usize]) -> Vec<Count> {
    let folder = env::temp_dir().join(format!("companion-counted-{}-{bytes}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let numbers: Vec<String> = pairs.iter().map(usize::to_string).collect();
    let counts = run(&folder, &format!("{bytes} {}", numbers.join(" ")));
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(counts.len(), 3 * pairs.len(), "each text is counted");
    let mut counts: Vec<Count> = pairs
        .iter()
        .zip(counts.chunks(3))
        .map(|(pair, counts)| Count { pair: *pair, one: counts[1] as f64, two: counts[2] as f64 })
        .collect();
    counts.sort_by(|one, other| other.ratio().total_cmp(&one.ratio()));
    counts
}

/// The instructions of each text, in the order of [`render_texts_for_valgrind`]. Each dump counts what was
/// executed since the previous one.
fn run(folder: &Path, texts: &str) -> Vec<u64> {
    // The test program selects the other test by its path within the crate.
    let path = module_path!().split_once("::").map_or("", |(_, path)| path);
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--read-inline-info=no"])
        // This part of the function's name survives the compiler's mangling. With these two options
        // in the other order, valgrind 3.19 writes no dumps.
        .args(["--dump-after=*in_valgrind*", "--zero-before=*in_valgrind*"])
        .arg(format!("--callgrind-out-file={}", folder.join("out").display()))
        .arg(env::current_exe().unwrap())
        .args(["--exact", &format!("{path}::render_texts_for_valgrind"), "--ignored"])
        .arg("--test-threads=1")
        .env(COUNTED, texts)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    let read = |n: usize| {
        let dump = fs::read_to_string(folder.join(format!("out.{n}"))).ok()?;
        let total = dump.lines().find_map(|line| line.strip_prefix("summary: "))?;
        Some(total.trim().parse().unwrap())
    };
    (1..).map_while(read).collect()
}

#[test]
#[ignore = "the other test runs this within valgrind"]
fn render_texts_for_valgrind() {
    let Ok(texts) = env::var(COUNTED) else { return };
    let mut numbers = texts.split(' ').map(|number| number.parse::<usize>().unwrap());
    let bytes = numbers.next().unwrap();
    let pairs = pairs();
    for pair in numbers.map(|number| &pairs[number]) {
        let text = |times| pair.text(Size { bytes: bytes * times, more: 0 });
        // The first run does the one-time initialisation.
        for times in [1, 1, 2] {
            rendered_in_valgrind(&text(times));
        }
    }
}

#[inline(never)]
fn rendered_in_valgrind(text: &str) {
    black_box(render(black_box(text), "m"));
}
