/// Where the channels can be looked at from outside.
// The documentation is what --help prints.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ListenOptions {
    /// Show the channels to a browser at this address, such as 127.0.0.1:7878
    ///
    /// Addresses that other machines can reach need a --token.
    #[arg(long, value_name = "IP:PORT")]
    pub listen: Option<String>,

    /// What whoever looks has to know; the page takes it from its address, behind #token=
    #[arg(long, value_name = "TOKEN", requires = "listen")]
    pub token: Option<String>,
}
