"""The console's own description of its API, as a test reads it."""
import json
import urllib.parse

import jsonschema

from conftest import BUILD

PATH = BUILD / "src" / "prog" / "openapi" / "openapi.json"


class Document:
    def __init__(self, text):
        self.doc = json.loads(text)
        self.validators = {}

    def operations(self):
        """(method, path, operation) of each"""
        for path, methods in self.doc["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def schema(self, name):
        return self.doc["components"]["schemas"][name]

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.schema(schema["$ref"].rsplit("/", 1)[1])
        return schema

    def validator(self, schema):
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            whole = {**schema, "components": self.doc["components"]}
            self.validators[key] = jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker())
        return self.validators[key]

    def problems(self, operation, answer):
        """What is wrong with an answer, by the document."""
        media = (answer.headers.get("Content-Type") or "").split(";")[0]
        if answer.status >= 400:
            if media != "application/problem+json":
                return [f"an error that is {media}"]
            body = answer.json()
            found = self.validator({"$ref": "#/components/schemas/Problem"}).iter_errors(body)
            return [e.message for e in found] + ([] if body["status"] == answer.status else ["the status is another"])
        described = operation["responses"].get(str(answer.status))
        if described is None:
            return [f"status {answer.status} is not in the document"]
        content = described.get("content")
        if not content:
            return []
        schema = content.get(media, {}).get("schema")
        if schema is None:
            return [f"{media} is not in the document"]
        return [f"{list(e.absolute_path)}: {e.message[:300]}" for e in self.validator(schema).iter_errors(answer.json())]

    def fill(self, path, **values):
        for part in path.split("/"):
            if part.startswith("{"):
                path = path.replace(part, urllib.parse.quote(values.get(part[1:-1], "1"), safe=""))
        return path
