//! Faults of a repository, each with the line it is about and the fault marked in it.

mod excerpt;
mod sources;
mod wording;

use std::error::Error;
use std::io::Write;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin as Place, Renderer, Snippet};
use windlass_engine::NamespacedName;
use windlass_manifest::{Origin, TreePath};
use windlass_render::{BuildError, BuildErrors, Warning};

use self::excerpt::Excerpt;
pub(crate) use self::sources::Sources;
use crate::output::Console;
use crate::trouble;

/// Prints faults and warnings about the files of a tree to stderr.
pub(crate) struct Diagnostics<'a> {
    console: &'a Console,
    sources: &'a Sources<'a>,
    printed: usize,
}

impl<'a> Diagnostics<'a> {
    pub(crate) fn new(console: &'a Console, sources: &'a Sources<'a>) -> Self {
        Self { console, sources, printed: 0 }
    }

    /// Prints every fault of a build, and how many there are.
    pub(crate) fn faults(&mut self, errors: &BuildErrors) {
        for error in errors {
            self.fault(error, None);
        }
        let count = errors.iter().count();
        if count > 1 {
            self.print(&format!("{count} faults"));
        }
    }

    /// Prints why a Kustomization could not be built, each fault of it.
    pub(crate) fn kustomization(&mut self, name: &NamespacedName, error: &windlass_engine::Error) {
        use windlass_engine::Error;
        let owner = format!("Kustomization/{name}");
        match error {
            Error::Build(errors) => errors.iter().for_each(|error| self.fault(error, Some(&owner))),
            Error::Substitute { errors } => {
                for error in errors {
                    self.error(error, &error.origin, Some(&owner));
                }
            }
            Error::StillEncrypted { subject } | Error::FluxObject { subject, .. } => {
                self.error(error, &subject.origin, Some(&owner));
            }
            _ => self.error(error, &Origin::unknown(), Some(&owner)),
        }
    }

    /// Prints an error about what stands at `origin`, which its text may begin with.
    pub(crate) fn error(&mut self, error: &(dyn Error + 'static), origin: &Origin, owner: Option<&str>) {
        let text = error.to_string();
        let title = text.strip_prefix(&format!("{origin}: ")).unwrap_or(&text);
        let mut notes: Vec<(&str, String)> = Vec::new();
        notes.extend(trouble::causes(error).into_iter().map(|cause| ("because", cause)));
        notes.extend(owner.map(|owner| ("in", owner.to_owned())));
        if origin.file().is_none() {
            return self.print(trouble::text(title, &notes).trim_end());
        }
        let excerpt = Excerpt::of_line(origin, self.sources);
        self.report(Level::ERROR, title, origin, excerpt.as_ref(), notes);
    }

    /// Prints what is odd without being a fault.
    pub(crate) fn warnings(&mut self, warnings: &[Warning]) {
        for warning in warnings {
            let excerpt = Excerpt::of_line(&warning.origin, self.sources);
            self.report(Level::WARNING, &warning.message, &warning.origin, excerpt.as_ref(), Vec::new());
        }
    }

    fn fault(&mut self, error: &BuildError, owner: Option<&str>) {
        let excerpt = Excerpt::of_fault(error, self.sources);
        let title = wording::title(&error.fault, self.sources);
        let mut notes: Vec<(&str, String)> = Vec::new();
        notes.extend(trouble::causes(&error.fault).into_iter().map(|cause| ("because", cause)));
        if error.via.len() > 1 {
            notes.push(("via", self.chain(&error.via)));
        }
        notes.extend(owner.map(|owner| ("in", owner.to_owned())));
        notes.extend(wording::help(&error.fault).map(|help| ("help", help.to_owned())));
        self.report(Level::ERROR, &title, &error.origin, excerpt.as_ref(), notes);
    }

    fn report(
        &mut self,
        level: Level<'_>,
        title: &str,
        origin: &Origin,
        excerpt: Option<&Excerpt>,
        notes: Vec<(&str, String)>,
    ) {
        let mut group = Group::with_title(level.primary_title(title)).element(self.place(origin, excerpt));
        for (name, text) in notes {
            group = group.element(Level::NOTE.with_name(name).message(text));
        }
        self.print(&Renderer::styled().render(&[group]));
    }

    /// The excerpt, or only the name of the place where there is none to show.
    fn place<'t>(&self, origin: &Origin, excerpt: Option<&'t Excerpt>) -> Element<'t> {
        let Some(file) = origin.file() else { return Place::path("<unknown origin>").into() };
        let shown = self.sources.shown(file);
        let Some(excerpt) = excerpt else {
            let place = Place::path(shown);
            return origin.line().map_or(place.clone(), |line| place.line(line)).into();
        };
        let mut snippet = Snippet::source(excerpt.text.as_str()).line_start(excerpt.first_line).path(shown);
        if let Some((span, label)) = &excerpt.context {
            snippet = snippet.annotation(AnnotationKind::Context.span(span.clone()).label(*label));
        }
        snippet.annotation(AnnotationKind::Primary.span(excerpt.marked.clone())).into()
    }

    fn chain(&self, via: &[TreePath]) -> String {
        let via: Vec<String> = via.iter().map(|directory| self.sources.shown(directory.as_str())).collect();
        via.join(" → ")
    }

    fn print(&mut self, text: &str) {
        let blank = if self.printed > 0 { "\n" } else { "" };
        self.printed += 1;
        // Where stderr is gone there is nobody left to tell.
        let _ = writeln!(self.console.err(), "{blank}{text}");
    }
}
