//! Hundreds of generated, damaged heads of model files. Each is refused with a reason or is
//! harmless; none causes a panic, and none makes the server allocate memory for lengths that the
//! head only claims.

use std::fs::File;
use std::io::Write as _;
use std::process::Command;

use provider_local::{GgufError, ModelInfo};
use rustix::process::{Resource, Rlimit, setrlimit};

/// The environment variable that is set in the process whose memory is limited.
const INSIDE: &str = "COMPANION_TEST_HEADS";
/// How many bytes that process may allocate beyond what it has at the start: far less than the
/// lengths that the heads claim.
const MEMORY: u64 = 32 << 20;

/// A head, and the position of each of its fields.
#[derive(Default)]
struct Sample {
    bytes: Vec<u8>,
    fields: Vec<(usize, Field)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Field {
    Magic,
    Version,
    /// The number of tensors, of entries or of an array's values: 8 bytes.
    Count,
    /// The length of a text in bytes: 8 bytes.
    Length,
    /// The type of an entry's value or of an array's values: 4 bytes.
    Type,
    Dimensions,
    /// A tensor's size in one dimension: 8 bytes.
    Size,
    Offset,
    Other,
}

impl Sample {
    fn put(&mut self, field: Field, bytes: &[u8]) {
        self.fields.push((self.bytes.len(), field));
        self.bytes.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.put(Field::Length, &(text.len() as u64).to_le_bytes());
        self.put(Field::Other, text.as_bytes());
    }

    fn entry(&mut self, name: &str, kind: u32) {
        self.text(name);
        self.put(Field::Type, &kind.to_le_bytes());
    }

    fn array(&mut self, kind: u32, count: u64) {
        self.put(Field::Type, &kind.to_le_bytes());
        self.put(Field::Count, &count.to_le_bytes());
    }

    /// A valid head with every type of value, and two tensors with their data.
    /// Source: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.
    fn whole() -> Self {
        let mut head = Self::default();
        head.put(Field::Magic, b"GGUF");
        head.put(Field::Version, &3u32.to_le_bytes());
        head.put(Field::Count, &2u64.to_le_bytes());
        head.put(Field::Count, &16u64.to_le_bytes());
        head.entry("general.architecture", 8);
        head.text("llama");
        for (kind, width) in
            [(0, 1), (1, 1), (2, 2), (3, 2), (5, 4), (6, 4), (7, 1), (10, 8), (11, 8), (12, 8)]
        {
            head.entry(&format!("value.{kind}"), kind);
            head.put(Field::Other, &vec![1; width]);
        }
        head.entry("llama.context_length", 4);
        head.put(Field::Other, &8192u32.to_le_bytes());
        head.entry("tokenizer.ggml.tokens", 9);
        head.array(8, 2);
        head.text("a");
        head.text("<|im_end|>");
        head.entry("tokenizer.ggml.scores", 9);
        head.array(6, 2);
        head.put(Field::Other, &[0; 8]);
        head.entry("nested", 9);
        head.array(9, 1);
        head.array(0, 3);
        head.put(Field::Other, &[0; 3]);
        head.entry("tokenizer.chat_template", 8);
        head.text("{{ messages }}");
        for (name, offset) in [("token_embd.weight", 0u64), ("output.weight", 160)] {
            head.text(name);
            head.put(Field::Dimensions, &2u32.to_le_bytes());
            head.put(Field::Size, &64u64.to_le_bytes());
            head.put(Field::Size, &4u64.to_le_bytes());
            // Q4_1: 20 bytes for 32 elements.
            head.put(Field::Other, &3u32.to_le_bytes());
            head.put(Field::Offset, &offset.to_le_bytes());
        }
        let data = head.bytes.len().next_multiple_of(32);
        head.bytes.resize(data + 320, 7);
        head
    }

    fn with(&self, at: usize, new: &[u8]) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes[at..at + new.len()].copy_from_slice(new);
        bytes
    }

    fn of(&self, wanted: Field) -> Vec<usize> {
        self.fields.iter().filter(|(_, field)| *field == wanted).map(|(at, _)| *at).collect()
    }
}

/// The expected result of reading a head.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Expected {
    NotGguf,
    Version,
    Cut,
    Damaged,
    /// Any error.
    Refused,
    /// Any error, or success.
    Any,
}

impl Expected {
    fn fits(self, read: &Result<ModelInfo, GgufError>) -> bool {
        matches!(
            (self, read),
            (Self::Any, _)
                | (Self::Refused, Err(_))
                | (Self::NotGguf, Err(GgufError::NotGguf))
                | (Self::Version, Err(GgufError::Version(_)))
                | (Self::Cut, Err(GgufError::Cut))
                | (Self::Damaged, Err(GgufError::Damaged(_)))
        )
    }
}

type Case = (String, Vec<u8>, Expected);

fn truncations(sample: &Sample, cases: &mut Vec<Case>) {
    let ends = sample.fields.iter().map(|(at, _)| *at).chain([sample.bytes.len()]);
    for at in ends.flat_map(|at| [at.saturating_sub(1), at, at + 1]) {
        if at < sample.bytes.len() {
            let expected = if at < 4 { Expected::NotGguf } else { Expected::Refused };
            cases.push((format!("cut at {at}"), sample.bytes[..at].to_vec(), expected));
        }
    }
}

fn beginnings(sample: &Sample, cases: &mut Vec<Case>) {
    for magic in [b"gguf", b"FUGG", b"GGML", b"ggjt", b"PK\x03\x04", b"<htm", b"\0\0\0\0"] {
        cases.push((format!("magic {magic:?}"), sample.with(0, magic), Expected::NotGguf));
    }
    // The last one is 3 in the other byte order.
    for version in [0, 1, 4, 1000, u32::MAX, 3u32.swap_bytes()] {
        let bytes = sample.with(4, &version.to_le_bytes());
        cases.push((format!("version {version}"), bytes, Expected::Version));
    }
}

fn absurd_numbers(sample: &Sample, cases: &mut Vec<Case>) {
    let long = sample.bytes.len() as u64 + 1;
    for field in [Field::Count, Field::Length, Field::Size, Field::Offset] {
        for at in sample.of(field) {
            for number in [long, 1 << 31, 1 << 40, i64::MAX as u64, u64::MAX - 7, u64::MAX] {
                let bytes = sample.with(at, &number.to_le_bytes());
                cases.push((format!("{field:?} {number} at {at}"), bytes, Expected::Refused));
            }
            let bytes = sample.with(at, &0u64.to_le_bytes());
            cases.push((format!("{field:?} 0 at {at}"), bytes, Expected::Any));
        }
    }
    for at in sample.of(Field::Dimensions) {
        for number in [5, 1 << 16, u32::MAX] {
            let bytes = sample.with(at, &number.to_le_bytes());
            cases.push((format!("{number} dimensions"), bytes, Expected::Damaged));
        }
    }
    for at in sample.of(Field::Type) {
        for kind in [13, 255, 1 << 16, u32::MAX] {
            let bytes = sample.with(at, &kind.to_le_bytes());
            cases.push((format!("type {kind} at {at}"), bytes, Expected::Damaged));
        }
        for kind in 0..13u32 {
            let bytes = sample.with(at, &kind.to_le_bytes());
            cases.push((format!("type {kind} at {at}"), bytes, Expected::Any));
        }
    }
}

fn changed_bytes(sample: &Sample, cases: &mut Vec<Case>) {
    for (at, field) in &sample.fields {
        for mask in [0x01, 0x80, 0xff] {
            let bytes = sample.with(*at, &[sample.bytes[*at] ^ mask]);
            cases.push((format!("{field:?} at {at} ^ {mask:#x}"), bytes, Expected::Any));
        }
    }
    // Several bytes at once, at pseudorandom places (Knuth's MMIX generator).
    let mut state = 8u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits")
    };
    for number in 0..300 {
        let mut bytes = sample.bytes.clone();
        for _ in 0..1 + number % 8 {
            let at = next() % bytes.len();
            bytes[at] = u8::try_from(next() % 256).expect("a byte");
        }
        cases.push((format!("{number}. sequence of changes"), bytes, Expected::Any));
    }
}

/// Heads that repeat one thing many times.
fn repeated(cases: &mut Vec<Case>) {
    let head = |entries: u64| {
        let mut head = Sample::default();
        head.put(Field::Magic, b"GGUF");
        head.put(Field::Version, &3u32.to_le_bytes());
        head.put(Field::Count, &1u64.to_le_bytes());
        head.put(Field::Count, &entries.to_le_bytes());
        head
    };
    let mut deep = head(1);
    deep.entry("deep", 9);
    for _ in 0..1000 {
        deep.array(9, 1);
    }
    cases.push(("arrays in arrays".to_owned(), deep.bytes, Expected::Damaged));

    let mut wide = head(1);
    wide.entry("wide", 9);
    wide.array(9, 1_000_000);
    for _ in 0..1000 {
        wide.array(0, 0);
    }
    cases.push(("many empty arrays".to_owned(), wide.bytes, Expected::Cut));

    // An earlier version kept all of them in memory until the end of the head.
    let mut lengths = head(200_000);
    for _ in 0..200_000 {
        lengths.entry(".context_length", 4);
        lengths.bytes.extend([1; 4]);
    }
    cases.push(("many context lengths".to_owned(), lengths.bytes, Expected::Cut));

    let mut aligned = head(1);
    aligned.entry("general.alignment", 10);
    aligned.bytes.extend(u64::MAX.to_le_bytes());
    aligned.text("w");
    aligned.put(Field::Dimensions, &0u32.to_le_bytes());
    aligned.bytes.extend([0; 12]);
    cases.push(("an absurd alignment".to_owned(), aligned.bytes, Expected::Cut));
}

fn cases() -> Vec<Case> {
    let (sample, mut cases) = (Sample::whole(), Vec::new());
    truncations(&sample, &mut cases);
    beginnings(&sample, &mut cases);
    absurd_numbers(&sample, &mut cases);
    changed_bytes(&sample, &mut cases);
    repeated(&mut cases);
    cases
}

/// Limits the memory of this process to what it has now and [`MEMORY`] more.
fn bound_memory() {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:"))
        .expect("it has a line of that");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("it is a number");
    let most = Some((kib << 10) + MEMORY);
    setrlimit(Resource::As, Rlimit { current: most, maximum: most })
        .expect("a bound may be lowered");
}

#[test]
fn a_damaged_head_is_refused_with_a_reason_and_without_allocating_more() {
    if std::env::var_os(INSIDE).is_none() {
        let again = Command::new(std::env::current_exe().unwrap())
            .args([
                "heads::a_damaged_head_is_refused_with_a_reason_and_without_allocating_more",
                "--exact",
            ])
            .arg("--nocapture")
            .env(INSIDE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&again.stdout) + String::from_utf8_lossy(&again.stderr);
        assert!(again.status.success() && said.contains("1 passed"), "{said}");
        print!("{said}");
        return;
    }
    let cases = cases();
    let file = tempfile::NamedTempFile::new().unwrap();
    bound_memory();
    std::fs::write(file.path(), Sample::whole().bytes).unwrap();
    let whole = ModelInfo::read(file.path()).unwrap();
    assert_eq!(
        (whole.tensors, whole.context_tokens, whole.has_chat_template),
        (2, Some(8192), true)
    );

    let (mut refused, mut harmless) = (0, 0);
    for (what, bytes, expected) in &cases {
        std::fs::write(file.path(), bytes).unwrap();
        let read = ModelInfo::read(file.path());
        assert!(expected.fits(&read), "{what}: {expected:?} and not {read:?}");
        match read {
            Ok(_) => harmless += 1,
            Err(error) => {
                let reason = error.to_string();
                assert!(reason.starts_with("it ") && !reason.contains('/'), "{what}: {reason}");
                refused += 1;
            }
        }
    }
    println!("{} heads: {refused} refused, {harmless} harmless", cases.len());
    assert!(refused > 254, "{refused}");
}

/// A sparse file can be far larger than its disk, so the size of the file does not limit the read.
#[test]
fn a_head_is_read_only_up_to_a_bound() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut head = b"GGUF\x03\0\0\0".to_vec();
    head.extend(1u64.to_le_bytes());
    head.extend((1u64 << 35).to_le_bytes());
    let mut sparse = File::options().write(true).open(file.path()).unwrap();
    sparse.write_all(&head).unwrap();
    sparse.set_len(1 << 42).unwrap();
    assert!(matches!(ModelInfo::read(file.path()), Err(GgufError::Damaged(_))));
}
