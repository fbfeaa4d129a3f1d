//! Prints the CRDs as JSON lines.
fn main() { for crd in windlass_flux::crds() { println!("{crd}"); } }
