//! The path below which a proxy serves the console, such as `/companion`.

/// The address of a path of this site, below the base path: `at("/login")` is `/companion/login`.
pub fn at(path: &str) -> String {
    path.to_owned()
}
