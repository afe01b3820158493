//! What is asked, as the specification spells it: what is required must be there and of its type,
//! what is unknown is ignored, and `null` is nothing.

use serde_json::{Map, Value};
use shared::http::{FieldError, Problem};

/// The members of an object in a request, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a> {
    members: &'a Map<String, Value>,
    at: String,
}

/// A subject or a resource.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entity {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) properties: Map<String, Value>,
}

/// An action.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Doing {
    pub(crate) name: String,
    pub(crate) properties: Map<String, Value>,
}

/// May this subject do this to that?
#[derive(Clone, Debug)]
pub(crate) struct Evaluation {
    pub(crate) subject: Entity,
    pub(crate) action: Doing,
    pub(crate) resource: Entity,
    pub(crate) explain: bool,
}

/// What an evaluation says of itself, as far as it does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    subject: Option<Entity>,
    action: Option<Doing>,
    resource: Option<Entity>,
    explain: Option<bool>,
}

impl Draft {
    /// Is a reason wanted, where an evaluation does not say?
    pub(crate) fn explains(&self) -> bool {
        self.explain.unwrap_or_default()
    }
}

/// When several evaluations are enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Semantic {
    #[default]
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

impl Semantic {
    /// Is nothing asked any more once this was decided?
    pub(crate) fn ends_with(self, decision: bool) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !decision,
            Self::PermitOnFirstPermit => decision,
        }
    }
}

impl<'a> Members<'a> {
    /// All of a request.
    pub(crate) fn of(members: &'a Map<String, Value>) -> Self {
        Self { members, at: String::new() }
    }

    /// The members of an item of a list in it.
    pub(crate) fn item(value: &'a Value, at: String) -> Result<Self, FieldError> {
        match value {
            Value::Object(members) => Ok(Self { members, at }),
            _ => Err(wrong(at, "an object")),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    fn place(&self, name: &str) -> String {
        format!("{}/{name}", self.at)
    }

    fn object(&self, name: &str) -> Result<Option<Self>, FieldError> {
        self.get(name).map(|value| Members::item(value, self.place(name))).transpose()
    }

    fn text(&self, name: &str) -> Result<Option<String>, FieldError> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let read = |value| text(value).ok_or_else(|| wrong(self.place(name), "a string"));
        self.get(name).map(read).transpose()
    }

    fn needed<T>(&self, name: &str, value: Option<T>) -> Result<T, FieldError> {
        let missing = || FieldError { pointer: self.place(name), detail: "is missing".to_owned() };
        value.ok_or_else(missing)
    }

    fn needed_text(&self, name: &str) -> Result<String, FieldError> {
        self.needed(name, self.text(name)?)
    }

    fn properties(&self) -> Result<Map<String, Value>, FieldError> {
        Ok(self.object("properties")?.map(|object| object.members.clone()).unwrap_or_default())
    }

    fn entity(&self, name: &str) -> Result<Option<Entity>, FieldError> {
        let read = |entity: Self| {
            let (kind, id) = (entity.needed_text("type")?, entity.needed_text("id")?);
            Ok(Entity { kind, id, properties: entity.properties()? })
        };
        self.object(name)?.map(read).transpose()
    }

    /// A subject or a resource.
    pub(crate) fn needed_entity(&self, name: &str) -> Result<Entity, FieldError> {
        self.needed(name, self.entity(name)?)
    }

    /// The type of what is searched for; its id is ignored.
    pub(crate) fn needed_type(&self, name: &str) -> Result<String, FieldError> {
        self.needed(name, self.object(name)?)?.needed_text("type")
    }

    fn doing(&self) -> Result<Option<Doing>, FieldError> {
        let read = |action: Self| {
            let name = action.needed_text("name")?;
            Ok(Doing { name, properties: action.properties()? })
        };
        self.object("action")?.map(read).transpose()
    }

    /// The action.
    pub(crate) fn needed_action(&self) -> Result<Doing, FieldError> {
        self.needed("action", self.doing()?)
    }

    /// Is a reason wanted?
    pub(crate) fn explain(&self) -> Result<Option<bool>, FieldError> {
        let context = self.object("context")?;
        Ok(context.map(|context| context.get("explain") == Some(&Value::Bool(true))))
    }

    /// An evaluation, as far as it is here.
    pub(crate) fn draft(&self) -> Result<Draft, FieldError> {
        Ok(Draft {
            subject: self.entity("subject")?,
            action: self.doing()?,
            resource: self.entity("resource")?,
            explain: self.explain()?,
        })
    }

    /// A whole evaluation: what is not here is as in `defaults`, member by member.
    pub(crate) fn evaluation(&self, defaults: &Draft) -> Result<Evaluation, FieldError> {
        let Draft { subject, action, resource, explain } = self.draft()?;
        let subject = subject.or_else(|| defaults.subject.clone());
        let action = action.or_else(|| defaults.action.clone());
        let resource = resource.or_else(|| defaults.resource.clone());
        Ok(Evaluation {
            subject: self.needed("subject", subject)?,
            action: self.needed("action", action)?,
            resource: self.needed("resource", resource)?,
            explain: explain.or(defaults.explain).unwrap_or_default(),
        })
    }

    /// The evaluations, if there are any.
    pub(crate) fn evaluations(&self) -> Result<&'a [Value], FieldError> {
        match self.get("evaluations") {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(wrong(self.place("evaluations"), "an array")),
        }
    }

    /// When they are enough.
    pub(crate) fn semantic(&self) -> Result<Semantic, FieldError> {
        let Some(options) = self.object("options")? else { return Ok(Semantic::default()) };
        match options.text("evaluations_semantic")?.as_deref() {
            None | Some("execute_all") => Ok(Semantic::ExecuteAll),
            Some("deny_on_first_deny") => Ok(Semantic::DenyOnFirstDeny),
            Some("permit_on_first_permit") => Ok(Semantic::PermitOnFirstPermit),
            Some(_) => Err(wrong(
                options.place("evaluations_semantic"),
                "`execute_all`, `deny_on_first_deny` or `permit_on_first_permit`",
            )),
        }
    }

    /// What a search wants of its page: a token, and a limit.
    pub(crate) fn page(&self) -> Result<(Option<String>, Option<u64>), FieldError> {
        let Some(page) = self.object("page")? else { return Ok((None, None)) };
        page.properties()?;
        let number = |value: &Value| {
            value.as_u64().ok_or_else(|| wrong(page.place("limit"), "a whole number"))
        };
        Ok((page.text("token")?, page.get("limit").map(number).transpose()?))
    }

    /// Everything but the page and what is searched for, its type aside: what a token is bound to.
    pub(crate) fn bound(&self, searched: &str) -> String {
        let mut members = self.members.clone();
        members.remove("page");
        let kind = members.remove(searched).and_then(|entity| entity.get("type").cloned());
        members.insert(searched.to_owned(), kind.unwrap_or_default());
        Value::Object(members).to_string()
    }
}

fn wrong(pointer: String, wanted: &str) -> FieldError {
    FieldError { pointer, detail: format!("must be {wanted}") }
}

/// The specification's one answer to whatever is wrong with a request.
pub(crate) fn bad(error: FieldError) -> Problem {
    let detail = format!("`{}` {}", error.pointer, error.detail);
    Problem::unreadable(detail).errors(vec![error])
}
