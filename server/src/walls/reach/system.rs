//! The files of the system that a server reads after its start.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::folders::is_broad;

/// The port at which a name server is asked where its answer is too long for UDP.
pub(super) const DNS: u16 = 53;

/// What the C library, Rust's library and the store read about the process and the machine: the
/// number of cores and the limits of the control group, and who holds a database. What `/proc` has of
/// other processes that is secret (memory, environment, open files) is not readable from within
/// Landlock's walls. Source: ptrace access mode checking in ptrace(2), landlock(7).
pub(super) const PROCESS: [&str; 5] =
    ["/proc", "/sys/fs/cgroup", "/sys/devices/system/cpu", "/dev/urandom", "/dev/random"];

/// The sockets by which the C library's modules ask for the addresses of names such as `gpu.local`,
/// by multicast.
pub(super) const RESOLVER_SOCKETS: [&str; 4] = [
    "/run/avahi-daemon/socket",
    "/run/mdnsd",
    "/run/nscd/socket",
    "/run/systemd/resolve/io.systemd.Resolve",
];

/// Where systems keep the certificates of authorities. Source: `openssl-probe`, which
/// `rustls-native-certs` asks. The files in some of these are links to others of these.
const CERTIFICATES: [&str; 12] = [
    "/etc/ca-certificates",
    "/etc/openssl/certs",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
    "/etc/ssl/certs/ca-certificates.crt",
    "/usr/local/share/ca-certificates",
    "/usr/share/ca-certificates",
    "/var/lib/ca-certificates",
];
/// The variables that name other places. Source: `openssl-probe`.
const CERTIFICATE_VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// What the C library reads to find the address of a name. Source: hosts(5), nsswitch.conf(5),
/// resolv.conf(5), host.conf(5), gai.conf(5), services(5), and ld.so(8) for the modules.
const RESOLVER: [&str; 9] = [
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/nsswitch.conf",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/mdns.allow",
];

pub(super) fn certificates() -> Vec<PathBuf> {
    let named = CERTIFICATE_VARIABLES.iter().filter_map(std::env::var_os);
    let named = named.flat_map(|paths| std::env::split_paths(&paths).collect::<Vec<_>>());
    CERTIFICATES.iter().map(PathBuf::from).chain(named).collect()
}

/// What is read to find the address of a name, with the folders of the C library, which loads modules
/// for it.
pub(super) fn resolver() -> Vec<PathBuf> {
    let files = RESOLVER.iter().map(PathBuf::from);
    files.chain(configuration_folder(Path::new("/etc/resolv.conf"))).chain(libraries()).collect()
}

/// The folder of the resolver's configuration, which is replaced by a new file when this machine
/// changes from one network to another. Where it is an ordinary file in `/etc`, that is all of `/etc`,
/// because a rule for the old file would leave the server without names after the first change. In a
/// container the file itself is mounted, and is changed in place.
fn configuration_folder(file: &Path) -> Option<PathBuf> {
    let file = file.canonicalize().ok()?;
    let folder = file.parent()?;
    let is_mounted = file.metadata().ok()?.dev() != folder.metadata().ok()?.dev();
    let is_wide = is_broad(folder, None) && folder != Path::new("/etc");
    (!is_mounted && !is_wide).then(|| folder.to_owned())
}

/// The folders of the libraries that this process has loaded.
fn libraries() -> BTreeSet<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let paths = maps.lines().filter_map(|line| line.split_once('/').map(|(_, path)| path));
    let libraries = paths.filter(|path| path.contains(".so"));
    let folders =
        libraries.filter_map(|path| Path::new("/").join(path).parent().map(Path::to_owned));
    folders.filter(|folder| !is_broad(folder, None)).collect()
}
