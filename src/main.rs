//! The `hubbub` program; everything is in the library.

fn main() -> std::process::ExitCode {
    hubbub::cli::run()
}
