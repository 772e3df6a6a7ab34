//! The C library's own functions.

use std::ffi::{CStr, c_void};

/// Looks up a function of the C library once. `$name` ends with a NUL.
macro_rules! real {
    ($name:expr, fn($($type:ty),*) -> $result:ty) => {{
        static FUNCTION: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
        let name = std::ffi::CStr::from_bytes_with_nul($name.as_bytes());
        let name = name.expect("the macro's callers end it with a NUL");
        let found = *FUNCTION.get_or_init(|| crate::real::find(name) as usize);
        // SAFETY: the signature is that of the function which has this name.
        unsafe { std::mem::transmute::<usize, unsafe extern "C" fn($($type),*) -> $result>(found) }
    }};
}

pub(crate) use real;

/// The next function of this name behind the one of this library.
pub(crate) fn find(name: &CStr) -> *mut c_void {
    // SAFETY: the name is a C string.
    let found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    assert!(!found.is_null(), "the C library has no function {}", name.to_string_lossy());
    found
}
