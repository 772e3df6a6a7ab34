//! Embeds the built site: every file with its hash, compressed once and for all.
//!
//! Reads the folder that cargo-leptos writes (`target/site` of the workspace, or
//! `COMPANION_SITE_DIR`) and writes `assets.rs` into `OUT_DIR`: the table that
//! `src/assets.rs` serves. Without a site the table is empty.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

use sha2::{Digest as _, Sha256};

/// Hexadecimal digits of a content hash in a name; 64 bits are plenty for a few files.
const HASH_DIGITS: usize = 16;
/// Characters of the hash that cargo-leptos puts into names (MD5 as URL-safe base64).
const LEPTOS_HASH_CHARS: usize = 22;
/// What gets smaller by compression.
const TEXTS: [&str; 9] = ["js", "mjs", "css", "wasm", "svg", "html", "json", "txt", "webmanifest"];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=COMPANION_SITE_DIR");
    println!("cargo::rerun-if-env-changed=LEPTOS_WATCH");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets this variable"));
    let mut table = String::from(
        "/// All files of the site, sorted by path; empty in a build without one.\n\
         pub static ASSETS: &[Asset] = &[\n",
    );
    // While watching, files come from disk and change all the time.
    if env::var_os("LEPTOS_WATCH").is_none() {
        let site = site();
        // Cargo takes a watched path that is missing for one that changed, at every build.
        let _ = fs::create_dir_all(&site);
        println!("cargo::rerun-if-changed={}", site.display());
        let mut files = Vec::new();
        walk(&site, &mut files)?;
        files.sort();
        for file in files {
            table.push_str(&entry(&site, &file, &out)?);
        }
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table)
}

fn site() -> PathBuf {
    let manifest =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets this variable"));
    let workspace = manifest.parent().map_or(manifest.clone(), Path::to_owned);
    workspace.join(env::var_os("COMPANION_SITE_DIR").unwrap_or_else(|| "target/site".into()))
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let hidden = name.starts_with('.') || name.ends_with(".ts") || name == "hash.txt";
        if name.is_empty() || hidden || !name.chars().all(plain) {
            continue;
        }
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// One row of the table.
fn entry(site: &Path, file: &Path, out: &Path) -> io::Result<String> {
    let bytes = fs::read(file)?;
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = &digest[..HASH_DIGITS];
    let inside = file.strip_prefix(site).map_err(io::Error::other)?;
    let extension = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let mut path = format!("/{}", inside.to_string_lossy());
    // What nothing refers to by a fixed name: the files right in `pkg`.
    let top = inside.parent() == Some(Path::new("pkg"));
    let mut immutable = has_leptos_hash(&path);
    if top && !immutable && !extension.is_empty() {
        let stem = &path[..path.len() - extension.len() - 1];
        path = format!("{stem}.{hash}.{extension}");
        immutable = true;
    }
    let (brotli, gzip) = if TEXTS.contains(&extension) {
        (kept(out, hash, "br", &bytes, brotli)?, kept(out, hash, "gz", &bytes, gzip)?)
    } else {
        (None, None)
    };
    // A copy: the site may be built anew before the compiler comes to read it.
    let plain = out.join(format!("{hash}.plain"));
    fs::write(&plain, &bytes)?;
    let include = |path: &Path| format!("include_bytes!({:?})", path.display().to_string());
    let option = |path: Option<PathBuf>| match path {
        Some(path) => format!("Some({})", include(&path)),
        None => "None".to_owned(),
    };
    Ok(format!(
        "    Asset {{ path: {path:?}, hash: {hash:?}, immutable: {immutable}, plain: {}, \
         brotli: {}, gzip: {} }},\n",
        include(&plain),
        option(brotli),
        option(gzip),
    ))
}

fn has_leptos_hash(path: &str) -> bool {
    let mut parts = path.rsplit('/').next().unwrap_or_default().rsplit('.').skip(1);
    parts.next().is_some_and(|part| part.len() == LEPTOS_HASH_CHARS) && parts.next().is_some()
}

/// The compressed file, from an earlier build where the content is the same; none where it
/// would not be smaller.
fn kept(
    out: &Path,
    hash: &str,
    kind: &str,
    bytes: &[u8],
    compress: fn(&[u8]) -> io::Result<Vec<u8>>,
) -> io::Result<Option<PathBuf>> {
    let profile = env::var("PROFILE").unwrap_or_default();
    let path = out.join(format!("{hash}.{profile}.{kind}"));
    if !path.exists() {
        let part = out.join(format!("{hash}.{kind}.part"));
        fs::write(&part, compress(bytes)?)?;
        fs::rename(&part, &path)?;
    }
    let smaller = fs::metadata(&path)?.len() < bytes.len() as u64;
    Ok(smaller.then_some(path))
}

fn brotli(bytes: &[u8]) -> io::Result<Vec<u8>> {
    // The best takes its time; only what is given to users is worth it.
    let quality = if env::var("PROFILE").as_deref() == Ok("release") { 11 } else { 4 };
    let params = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &params)?;
    Ok(compressed)
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
