//! Seccomp: which system calls the process can make.
//!
//! What is not named here fails with `EPERM`, as if the user were not allowed to. The process is not
//! killed: a C library or a processor on which this was never tested may try a call that it can do
//! without. Nothing is allowed by which a process reaches beyond itself: no socket, no other program, no
//! other process, no memory that can be executed.

use std::collections::BTreeMap;

use libc::{c_int, c_long};
use seccompiler::{
    BpfProgram, Error, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Compare,
    SeccompCondition as Condition, SeccompFilter, SeccompRule as Rule, TargetArch, apply_filter,
};

use super::Wall;

/// Calls that are allowed with any arguments.
#[rustfmt::skip]
const ANY: &[c_long] = &[
    // The pipes and the model's file, which is all that Landlock lets it open.
    libc::SYS_read, libc::SYS_readv, libc::SYS_pread64, libc::SYS_write, libc::SYS_writev,
    libc::SYS_lseek, libc::SYS_close, libc::SYS_openat, libc::SYS_fstat, libc::SYS_newfstatat,
    libc::SYS_statx, libc::SYS_fcntl, libc::SYS_getdents64, libc::SYS_ppoll, libc::SYS_fadvise64,
    // Memory; what could make it executable is in `restrict`.
    libc::SYS_munmap, libc::SYS_mremap, libc::SYS_madvise, libc::SYS_brk, libc::SYS_mlock,
    libc::SYS_munlock,
    // Threads: what they wait for and where they run.
    libc::SYS_futex, libc::SYS_sched_yield, libc::SYS_sched_getaffinity,
    libc::SYS_sched_setaffinity, libc::SYS_getcpu, libc::SYS_gettid, libc::SYS_getpid,
    libc::SYS_set_robust_list, libc::SYS_rseq, libc::SYS_membarrier, libc::SYS_exit,
    libc::SYS_exit_group,
    // An abort signals a thread of its own process; Landlock lets it signal no other.
    libc::SYS_tgkill, libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack, libc::SYS_restart_syscall,
    // Time, random numbers, and what the machine is.
    libc::SYS_clock_gettime, libc::SYS_clock_getres, libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep, libc::SYS_gettimeofday, libc::SYS_getrandom, libc::SYS_sysinfo,
    libc::SYS_uname, libc::SYS_getrusage,
];

/// The older forms of some of these calls, which newer architectures do not have.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[libc::SYS_open, libc::SYS_stat, libc::SYS_poll, libc::SYS_time];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

/// `PR_SET_NAME` names a thread, `PR_SET_VMA` a piece of memory. Source: linux/prctl.h.
const HARMLESS_PRCTL: [u64; 2] = [15, 0x5356_4d41];

/// Restricts this thread, and the threads that it starts from now on.
pub(super) fn restrict() -> Result<(), Error> {
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    let unless_executable = || rule(2, Length::Qword, Compare::MaskedEq(executable), 0);
    let mut rules: BTreeMap<i64, Vec<Rule>> =
        ANY.iter().chain(OLDER).map(|call| (*call, Vec::new())).collect();
    rules.insert(libc::SYS_mmap, vec![unless_executable()?]);
    rules.insert(libc::SYS_mprotect, vec![unless_executable()?]);
    // Threads of this process, but no other process. The C library uses `clone3` where it can, whose
    // arguments a filter cannot see, so that call does not exist here.
    rules.insert(libc::SYS_clone, vec![rule(0, Length::Qword, Compare::MaskedEq(thread), thread)?]);
    rules.insert(libc::SYS_clone3, Vec::new());
    // Limits can be read and not changed.
    rules.insert(libc::SYS_prlimit64, vec![rule(2, Length::Qword, Compare::Eq, 0)?]);
    let names = HARMLESS_PRCTL.iter().map(|option| rule(0, Length::Dword, Compare::Eq, *option));
    rules.insert(libc::SYS_prctl, names.collect::<Result<_, _>>()?);

    let no_clone3 = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let absent = SeccompAction::Errno(errno(libc::ENOSYS));
    let refused = SeccompAction::Errno(errno(libc::EPERM));
    // Of two filters, the stricter answer counts, so the order of these does not matter. But the
    // second one forbids the call that installs a filter.
    apply(no_clone3, SeccompAction::Allow, absent)?;
    apply(rules, refused, SeccompAction::Allow)
}

/// Whether this kernel takes filters: it tells the number of the filters of this process.
pub(super) fn supported() -> Wall {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if status.contains("Seccomp_filters:") { Wall::Up } else { Wall::Missing }
}

fn apply(
    rules: BTreeMap<i64, Vec<Rule>>,
    otherwise: SeccompAction,
    matched: SeccompAction,
) -> Result<(), Error> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH).map_err(Error::Backend)?;
    let filter = SeccompFilter::new(rules, otherwise, matched, architecture);
    let program: BpfProgram = filter.and_then(TryInto::try_into).map_err(Error::Backend)?;
    apply_filter(&program)
}

/// A rule that one argument has to fulfil.
fn rule(argument: u8, length: Length, compare: Compare, value: u64) -> Result<Rule, Error> {
    let condition = Condition::new(argument, length, compare, value);
    condition.and_then(|condition| Rule::new(vec![condition])).map_err(Error::Backend)
}

fn errno(number: c_int) -> u32 {
    number.unsigned_abs()
}
