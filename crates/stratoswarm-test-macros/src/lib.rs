//! The attribute of `stratoswarm-test`, which documents it.
#![forbid(unsafe_code)]

use proc_macro::TokenStream;
use quote::quote;
use syn::{ItemFn, LitInt, parse_macro_input};

/// A test under many seeds: `#[stratoswarm_test::test]`, or with their number, `#[stratoswarm_test::test(seeds = 200)]`.
///
/// The function is `async`, takes a `Kit`, and returns nothing or a `Result`. See the crate `stratoswarm-test`.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut seeds = None;
    let parser = syn::meta::parser(|meta| {
        if meta.path.is_ident("seeds") {
            let count: LitInt = meta.value()?.parse()?;
            if count.base10_parse::<u64>()? == 0 {
                return Err(syn::Error::new(count.span(), "no seed would be tried: state 1 or more"));
            }
            seeds = Some(count);
            Ok(())
        } else {
            Err(meta.error("`seeds = NUMBER` is what can be stated"))
        }
    });
    parse_macro_input!(options with parser);
    let mut body = parse_macro_input!(item as ItemFn);
    if body.sig.asyncness.is_none() {
        let error = syn::Error::new_spanned(
            body.sig.fn_token,
            "a test under seeds is an `async fn` that takes a `Kit`",
        );
        return error.to_compile_error().into();
    }
    if body.sig.inputs.len() != 1 {
        let error =
            syn::Error::new_spanned(&body.sig.ident, "a test under seeds takes one argument, its `Kit`");
        return error.to_compile_error().into();
    }
    let attributes = std::mem::take(&mut body.attrs);
    let (visibility, name) = (body.vis.clone(), body.sig.ident.clone());
    let seeds = seeds.map(|count| quote!(.count(#count)));
    quote! {
        #[::core::prelude::v1::test]
        #(#attributes)*
        #visibility fn #name() {
            #body
            ::stratoswarm_test::Seeds::of(::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name))) #seeds .run(#name);
        }
    }
    .into()
}
