//! Prints the CRDs, ready for `kubectl apply -f -`.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

fn main() {
    for crd in windlass_flux::crds() {
        println!("{crd:#}");
    }
}
