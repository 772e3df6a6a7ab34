use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use super::super::watcher::Watcher;
use super::*;

const LONG: Duration = Duration::from_secs(20);

/// A folder with a default model outside of it, neither of which the engine could run.
fn models() -> (tempfile::TempDir, LocalConfig) {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("models");
    std::fs::create_dir(&inside).unwrap();
    for file in ["default.gguf", "models/other.gguf"] {
        std::fs::write(folder.path().join(file), head()).unwrap();
    }
    let mut config = LocalConfig::new(folder.path().join("default.gguf"));
    config.model_dir = Some(inside);
    (folder, config)
}

/// The first bytes of a GGUF file, which promise a tensor and no entries.
fn head() -> Vec<u8> {
    [&b"GGUF"[..], &3_u32.to_le_bytes(), &1_u64.to_le_bytes(), &[0; 8]].concat()
}

#[tokio::test]
async fn pages_read_no_folder_and_no_file() {
    static READS: AtomicUsize = AtomicUsize::new(0);
    fn counted(folder: &Path) -> io::Result<Vec<Found>> {
        READS.fetch_add(1, Ordering::SeqCst);
        folder::list(folder)
    }
    let (folder, config) = models();
    let catalog = Arc::new(ModelCatalog::with(&config, counted));
    let watcher = Watcher::start(Arc::clone(&catalog));
    catalog.watch("other");
    watcher.look(Extent::Used, LONG).await;
    let (reads, begun) = (READS.load(Ordering::SeqCst), catalog.looks.begun());
    for _ in 0..1_000 {
        for model in ["", "default", "other"] {
            assert_eq!((catalog.usable(model), catalog.offers(model)), (Ok(()), true), "{model}");
            catalog.efforts(model);
        }
        assert!(catalog.usable("none").is_err() && !catalog.offers("none"));
    }
    assert_eq!((READS.load(Ordering::SeqCst), catalog.looks.begun()), (reads, begun));
    // What changes is known after one further look, which reads the folder once.
    std::fs::remove_file(folder.path().join("default.gguf")).unwrap();
    std::fs::remove_file(folder.path().join("models/other.gguf")).unwrap();
    watcher.look(Extent::Used, LONG).await;
    assert_eq!(READS.load(Ordering::SeqCst), reads + 1);
    assert!(catalog.usable("").is_err() && !catalog.offers("other"));
    std::fs::write(folder.path().join("default.gguf"), head()).unwrap();
    watcher.look(Extent::Used, LONG).await;
    assert_eq!(catalog.usable(""), Ok(()), "a default model that comes back needs no restart");
}

#[tokio::test]
async fn a_hanging_folder_delays_neither_the_start_nor_a_page() {
    static HUNG: (Mutex<bool>, Condvar) = (Mutex::new(true), Condvar::new());
    fn hangs(_: &Path) -> io::Result<Vec<Found>> {
        let hung = HUNG.1.wait_while(HUNG.0.lock().unwrap(), |hung| *hung).unwrap();
        assert!(!*hung);
        Ok(Vec::new())
    }
    let (_folder, config) = models();
    let catalog = Arc::new(ModelCatalog::with(&config, hangs));
    let begin = Instant::now();
    let watcher = Watcher::start(Arc::clone(&catalog));
    // The default model is on a disk that answers. Two looks begin: at its file and at the folder.
    while catalog.usable("").is_err() || catalog.looks.begun() < 2 {
        assert!(begin.elapsed() < LONG);
        tokio::task::yield_now().await;
    }
    assert!(!catalog.offers("other") && catalog.usable("other").is_err());
    assert_eq!(catalog.looks.begun(), 2);
    watcher.look(Extent::All, LONG).await;
    let list = catalog.models();
    assert_eq!(list.error, Some(failure::folder(&io::ErrorKind::TimedOut.into())));
    assert_eq!(list.models[0].name, "default");
    *HUNG.0.lock().unwrap() = false;
    HUNG.1.notify_all();
}
