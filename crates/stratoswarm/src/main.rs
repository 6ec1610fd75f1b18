//! `stratoswarm`: see `stratoswarm --help` and the library's documentation.

use std::process::ExitCode;

fn main() -> ExitCode {
    stratoswarm::cli::main(std::env::args_os())
}
