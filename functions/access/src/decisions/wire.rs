//! Parsing of AuthZEN requests: required fields must be present and of their type, unknown fields
//! are ignored, and `null` counts as absent.

use serde::Deserialize;
use serde_json::{Map, Value};
use shared::http::{FieldError, Problem, WholeNumber};

/// The fields of an object in a request, and the object's JSON pointer.
#[derive(Clone, Debug)]
pub(crate) struct JsonFields<'a> {
    fields: &'a Map<String, Value>,
    pointer: String,
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
pub(crate) struct ActionRequest {
    pub(crate) name: String,
    pub(crate) properties: Map<String, Value>,
}

/// A question: may the subject do the action on the resource?
#[derive(Clone, Debug)]
pub(crate) struct Evaluation {
    pub(crate) subject: Entity,
    pub(crate) action: ActionRequest,
    pub(crate) resource: Entity,
    /// Whether the response has the reason.
    pub(crate) explain: bool,
}

/// An evaluation whose fields are all optional: the defaults of a batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct EvaluationDraft {
    subject: Option<Entity>,
    action: Option<ActionRequest>,
    resource: Option<Entity>,
    explain: Option<bool>,
}

impl EvaluationDraft {
    /// Whether items that do not set `explain` get a reason.
    pub(crate) fn explains(&self) -> bool {
        self.explain.unwrap_or_default()
    }
}

/// The fields of a search's `page`.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageFields {
    /// The token of the page; empty for the first one.
    pub(crate) token: Option<String>,
    /// The most results that the caller wants.
    pub(crate) limit: Option<u64>,
}

/// The value of `options.evaluations_semantic`: when a batch ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Semantic {
    #[default]
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

impl Semantic {
    /// Whether a batch ends after this decision.
    pub(crate) fn ends_with(self, decision: bool) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !decision,
            Self::PermitOnFirstPermit => decision,
        }
    }
}

impl<'a> JsonFields<'a> {
    /// The fields of the request body.
    pub(crate) fn of(fields: &'a Map<String, Value>) -> Self {
        Self { fields, pointer: String::new() }
    }

    /// The fields of the object at `pointer`.
    ///
    /// # Errors
    ///
    /// `value` is not an object.
    pub(crate) fn from_object(value: &'a Value, pointer: String) -> Result<Self, FieldError> {
        match value {
            Value::Object(fields) => Ok(Self { fields, pointer }),
            _ => Err(invalid_value(pointer, "an object")),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    fn pointer_to(&self, name: &str) -> String {
        format!("{}/{name}", self.pointer)
    }

    fn object(&self, name: &str) -> Result<Option<Self>, FieldError> {
        self.get(name)
            .map(|value| JsonFields::from_object(value, self.pointer_to(name)))
            .transpose()
    }

    fn text(&self, name: &str) -> Result<Option<String>, FieldError> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let read =
            |value| text(value).ok_or_else(|| invalid_value(self.pointer_to(name), "a string"));
        self.get(name).map(read).transpose()
    }

    fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, FieldError> {
        let missing =
            || FieldError { pointer: self.pointer_to(name), detail: "is required".to_owned() };
        value.ok_or_else(missing)
    }

    fn required_text(&self, name: &str) -> Result<String, FieldError> {
        self.required(name, self.text(name)?)
    }

    fn properties(&self) -> Result<Map<String, Value>, FieldError> {
        Ok(self.object("properties")?.map(|object| object.fields.clone()).unwrap_or_default())
    }

    fn entity(&self, name: &str) -> Result<Option<Entity>, FieldError> {
        let read = |entity: Self| {
            let (kind, id) = (entity.required_text("type")?, entity.required_text("id")?);
            Ok(Entity { kind, id, properties: entity.properties()? })
        };
        self.object(name)?.map(read).transpose()
    }

    /// A required subject or resource.
    ///
    /// # Errors
    ///
    /// It is absent or malformed.
    pub(crate) fn required_entity(&self, name: &str) -> Result<Entity, FieldError> {
        self.required(name, self.entity(name)?)
    }

    /// The type of the searched entity, whose id is ignored.
    ///
    /// # Errors
    ///
    /// It is absent or malformed.
    pub(crate) fn required_type(&self, name: &str) -> Result<String, FieldError> {
        self.required(name, self.object(name)?)?.required_text("type")
    }

    fn action(&self) -> Result<Option<ActionRequest>, FieldError> {
        let read = |action: Self| {
            let name = action.required_text("name")?;
            Ok(ActionRequest { name, properties: action.properties()? })
        };
        self.object("action")?.map(read).transpose()
    }

    /// The required action.
    ///
    /// # Errors
    ///
    /// It is absent or malformed.
    pub(crate) fn required_action(&self) -> Result<ActionRequest, FieldError> {
        self.required("action", self.action()?)
    }

    /// Whether `context.explain` is true; none without a context.
    ///
    /// # Errors
    ///
    /// `context` is not an object.
    pub(crate) fn explain(&self) -> Result<Option<bool>, FieldError> {
        let context = self.object("context")?;
        Ok(context.map(|context| context.get("explain") == Some(&Value::Bool(true))))
    }

    /// Checks the context of a search, which has no reasons to explain.
    ///
    /// # Errors
    ///
    /// `context` is not an object.
    pub(crate) fn check_context(&self) -> Result<(), FieldError> {
        self.object("context").map(drop)
    }

    /// The fields of an evaluation that are present.
    ///
    /// # Errors
    ///
    /// One of them is malformed.
    pub(crate) fn draft(&self) -> Result<EvaluationDraft, FieldError> {
        Ok(EvaluationDraft {
            subject: self.entity("subject")?,
            action: self.action()?,
            resource: self.entity("resource")?,
            explain: self.explain()?,
        })
    }

    /// An evaluation; an absent member is taken whole from `defaults`.
    ///
    /// # Errors
    ///
    /// A member is malformed, or absent in both.
    pub(crate) fn evaluation(&self, defaults: &EvaluationDraft) -> Result<Evaluation, FieldError> {
        let EvaluationDraft { subject, action, resource, explain } = self.draft()?;
        let subject = subject.or_else(|| defaults.subject.clone());
        let action = action.or_else(|| defaults.action.clone());
        let resource = resource.or_else(|| defaults.resource.clone());
        Ok(Evaluation {
            subject: self.required("subject", subject)?,
            action: self.required("action", action)?,
            resource: self.required("resource", resource)?,
            explain: explain.or(defaults.explain).unwrap_or_default(),
        })
    }

    /// The items of `evaluations`, none if it is absent.
    ///
    /// # Errors
    ///
    /// It is not an array.
    pub(crate) fn evaluations(&self) -> Result<&'a [Value], FieldError> {
        match self.get("evaluations") {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(invalid_value(self.pointer_to("evaluations"), "an array")),
        }
    }

    /// When the batch ends.
    ///
    /// # Errors
    ///
    /// The value is unknown.
    pub(crate) fn semantic(&self) -> Result<Semantic, FieldError> {
        let Some(options) = self.object("options")? else { return Ok(Semantic::default()) };
        match options.text("evaluations_semantic")?.as_deref() {
            None | Some("execute_all") => Ok(Semantic::ExecuteAll),
            Some("deny_on_first_deny") => Ok(Semantic::DenyOnFirstDeny),
            Some("permit_on_first_permit") => Ok(Semantic::PermitOnFirstPermit),
            Some(_) => Err(invalid_value(
                options.pointer_to("evaluations_semantic"),
                "`execute_all`, `deny_on_first_deny` or `permit_on_first_permit`",
            )),
        }
    }

    /// The `token` and the `limit` of a search's `page`.
    ///
    /// # Errors
    ///
    /// One of them has the wrong type.
    pub(crate) fn page(&self) -> Result<PageFields, FieldError> {
        let Some(page) = self.object("page")? else { return Ok(PageFields::default()) };
        // `properties` must be an object if present; it has no meaning here.
        page.properties()?;
        let expected = || invalid_value(page.pointer_to("limit"), "a whole number, 0 or more");
        let number = |value: &Value| {
            let WholeNumber(number) = WholeNumber::deserialize(value).map_err(|_| expected())?;
            u64::try_from(number).map_err(|_| expected())
        };
        let limit = page.get("limit").map(number).transpose()?;
        Ok(PageFields { token: page.text("token")?, limit })
    }

    /// The part of a search to which a page token is bound: all fields except `page`, and of the
    /// searched entity only its type.
    pub(crate) fn page_binding(&self, searched: &str) -> String {
        let mut fields = self.fields.clone();
        fields.remove("page");
        let kind = fields.remove(searched).and_then(|entity| entity.get("type").cloned());
        fields.insert(searched.to_owned(), kind.unwrap_or_default());
        Value::Object(fields).to_string()
    }
}

fn invalid_value(pointer: String, expected: &str) -> FieldError {
    FieldError { pointer, detail: format!("must be {expected}") }
}

/// 400, which the specification requires for every malformed request.
pub(crate) fn malformed(error: FieldError) -> Problem {
    let detail = format!("`{}` {}", error.pointer, error.detail);
    Problem::unreadable(detail).errors(&[error])
}
