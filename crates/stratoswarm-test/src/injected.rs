/// What a panic is thrown with that the kit makes: nobody's fault.
pub(crate) struct Injected;
