//! The seccomp wall: the process can make only the system calls that loading a model and computing
//! need.
//!
//! The policy: what is not listed fails with `EPERM`. A call that is denied does not end the
//! process, because a C library or processor that nobody tested may try a harmless call that is
//! missing here and can do without it, while a malicious one gains nothing from an error. The list
//! is generous with calls that only compute, wait or tell the time, and has no call that names
//! another process, opens a socket, starts a program or changes a file. Only where a C library must
//! be told that the kernel is older (`clone3`) is it another error.
//!
//! Sources: `strace` of a load and an answer, debug and release; the sources of glibc, musl and
//! ggml for calls of other processors.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::process;

use libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

/// Calls that are allowed with any arguments.
const ALLOWED: &[c_long] = &[
    // Files and pipes that are open, and files that Landlock allows to be opened (see `rules`).
    // Whether a file exists, and how large it is, can be asked of any: `llama-cpp-2` asks, and
    // neither Landlock nor a filter can tell the files apart.
    libc::SYS_close,
    libc::SYS_fadvise64,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_newfstatat,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_read,
    libc::SYS_readahead,
    libc::SYS_readv,
    libc::SYS_statx,
    libc::SYS_write,
    libc::SYS_writev,
    // Memory.
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mincore,
    libc::SYS_mlock,
    libc::SYS_mremap,
    libc::SYS_munlock,
    libc::SYS_munmap,
    // Threads. The other filter answers `clone3`.
    libc::SYS_clone3,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_futex_waitv,
    libc::SYS_get_robust_list,
    libc::SYS_getcpu,
    libc::SYS_gettid,
    libc::SYS_rseq,
    libc::SYS_sched_get_priority_max,
    libc::SYS_sched_get_priority_min,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    // Signals of this process.
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    // Time and chance.
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    // What the process and the machine are.
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getpriority,
    libc::SYS_getrusage,
    libc::SYS_getuid,
    libc::SYS_sysinfo,
    libc::SYS_times,
    libc::SYS_uname,
];

/// Calls of this processor's Linux in addition.
#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[c_long] = &[libc::SYS_getrlimit, libc::SYS_poll, libc::SYS_time];
#[cfg(target_arch = "riscv64")]
const ALLOWED_HERE: &[c_long] = &[libc::SYS_riscv_hwprobe];
#[cfg(not(any(target_arch = "x86_64", target_arch = "riscv64")))]
const ALLOWED_HERE: &[c_long] = &[];

/// `PR_SET_VMA` of prctl(2), by which an allocator names its memory.
const PR_SET_VMA: c_long = 0x5356_4d41;
/// `ARCH_GET_XCOMP_PERM` and `ARCH_REQ_XCOMP_PERM` of arch_prctl(2), by which ggml switches on the
/// matrix unit of newer processors.
#[cfg(target_arch = "x86_64")]
const MATRIX_UNIT: [c_long; 2] = [0x1022, 0x1023];

/// Filters the system calls of this thread, and of those that it starts. Describes why there is no
/// filter.
pub(super) fn filter() -> Result<(), String> {
    let programs = programs().map_err(|error| error.to_string())?;
    for program in &programs {
        seccompiler::apply_filter(program).map_err(|error| chain(&error))?;
    }
    Ok(())
}

/// The two filters. The kernel runs both for each call and obeys the stricter one.
fn programs() -> Result<[BpfProgram; 2], BackendError> {
    let arch: TargetArch = ARCH.try_into()?;
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let listed = SeccompFilter::new(rules()?, denied, SeccompAction::Allow, arch)?;
    // The flags of `clone3` are in memory, which a filter cannot read. With this error the C
    // library uses `clone` instead, whose flags the list checks.
    let unknown = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let clone3 = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let clone3 = SeccompFilter::new(clone3, SeccompAction::Allow, unknown, arch)?;
    // The list comes last, because installing a filter takes calls that it denies.
    Ok([clone3.try_into()?, listed.try_into()?])
}

/// What is allowed.
fn rules() -> Result<BTreeMap<c_long, Vec<SeccompRule>>, BackendError> {
    let whole = ALLOWED.iter().chain(ALLOWED_HERE).map(|call| (*call, Vec::new()));
    let mut rules: BTreeMap<_, _> = whole.collect();
    let mut allow = |call, conditions| {
        let rule = SeccompRule::new(conditions)?;
        rules.entry(call).or_insert_with(Vec::new).push(rule);
        Ok::<_, BackendError>(())
    };

    // Opening for reading only; which files, Landlock decides.
    let writing = libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC;
    allow(libc::SYS_openat, vec![bits(2, writing.into(), libc::O_RDONLY.into())?])?;
    #[cfg(target_arch = "x86_64")]
    allow(libc::SYS_open, vec![bits(1, writing.into(), libc::O_RDONLY.into())?])?;
    for command in [libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_DUPFD_CLOEXEC] {
        allow(libc::SYS_fcntl, vec![is(1, command.into())?])?;
    }

    // No memory becomes code.
    let code = c_long::from(libc::PROT_EXEC);
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        allow(call, vec![bits(2, code, 0)?])?;
    }

    // A new thread, but no new process and no new namespace.
    let thread = libc::CLONE_THREAD | libc::CLONE_SIGHAND | libc::CLONE_VM;
    let other = libc::CLONE_VFORK
        | libc::CLONE_PTRACE
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWCGROUP
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET;
    allow(libc::SYS_clone, vec![bits(0, (thread | other).into(), thread.into())?])?;
    // Only this process itself can be signalled, which `abort` does, and only its own threads can
    // be moved to other cores.
    allow(libc::SYS_tgkill, vec![is(0, process::id().into())?])?;
    allow(libc::SYS_sched_setaffinity, vec![is(0, 0)?])?;
    // Limits of this process can be read.
    let read_only = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    allow(libc::SYS_prlimit64, vec![is(0, 0)?, read_only])?;
    let harmless = [libc::PR_SET_NAME.into(), libc::PR_GET_NAME.into(), PR_SET_VMA];
    for option in harmless {
        allow(libc::SYS_prctl, vec![is(0, option)?])?;
    }
    #[cfg(target_arch = "x86_64")]
    for option in MATRIX_UNIT {
        allow(libc::SYS_arch_prctl, vec![is(0, option)?])?;
    }
    Ok(rules)
}

/// The argument at `index` has this value. All such arguments are 32 bits wide in the kernel.
fn is(index: u8, value: c_long) -> Result<SeccompCondition, BackendError> {
    let value = value.unsigned_abs();
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
}

/// Of the bits in `mask`, the argument at `index` has exactly those of `value`.
fn bits(index: u8, mask: c_long, value: c_long) -> Result<SeccompCondition, BackendError> {
    let masked = SeccompCmpOp::MaskedEq(mask.unsigned_abs());
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, masked, value.unsigned_abs())
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |line, source| format!("{line}: {source}"))
}
