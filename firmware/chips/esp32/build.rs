//! Links the C engine host beside the crates. firmware/build/esp32.ts makes it, and names the files.
fn main() {
    println!("cargo::rerun-if-env-changed=LATCHKEY_LINK");
    let arguments = std::env::var("LATCHKEY_LINK").expect("built by `latchkey firmware build --board esp32c6`");
    for argument in arguments.split(' ') {
        println!("cargo::rustc-link-arg={argument}");
        let path = argument.strip_prefix("-T").unwrap_or(argument);
        if path.starts_with('/') {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}
