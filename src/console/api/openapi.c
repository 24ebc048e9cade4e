#include "console/api/openapi.h"

#include "console/api/problem.h"
#include "console/api/route.h"

static void put_ref(struct json_out *j, const char *kind, const char *name, const char *suffix)
{
	OWNED_BUF ref = BUF_INIT;

	buf_printf(&ref, "#/components/%s/%s%s", kind, name, suffix);
	json_put_str(j, "$ref", buf_str(&ref));
}

static void put_bounds(struct json_out *j, const struct object_member *m, bool checked)
{
	bool text = m->type == TYPE_STRING;

	if (m->min)
		json_put_int(j, text ? "minLength" : "minimum", m->min);
	if (m->max)
		json_put_int(j, text ? "maxLength" : "maximum", m->max);
	else if (text && checked)
		json_put_int(j, "maxLength", OBJECT_MAX_STRING);
}

/* "type", alone or with null beside it. */
static void put_type(struct json_out *j, const char *type, bool nullable)
{
	if (!nullable) {
		json_put_cstr(j, "type", type);
		return;
	}
	json_key(j, "type");
	json_array_open(j);
	json_cstr(j, type);
	json_cstr(j, "null");
	json_array_close(j);
}

/* The members of a schema of one value of @p m, into the object that is open. */
static void put_one(struct json_out *j, const struct object_member *m, bool nullable, bool checked)
{
	static const char *const types[] = { [TYPE_STRING] = "string",
					     [TYPE_TIME] = "string",
					     [TYPE_INTEGER] = "integer",
					     [TYPE_NUMBER] = "number",
					     [TYPE_BOOLEAN] = "boolean" };

	if (m->type == TYPE_ANY)
		return;
	if (m->type != TYPE_ENUM && m->type != TYPE_OBJECT) {
		put_type(j, types[m->type], nullable);
		if (m->type == TYPE_TIME)
			json_put_cstr(j, "format", "date-time");
		put_bounds(j, m, checked);
		return;
	}
	if (nullable) {
		json_key(j, "anyOf");
		json_array_open(j);
		json_object_open(j);
		json_put_cstr(j, "type", "null");
		json_object_close(j);
		json_object_open(j);
	}
	put_ref(j, "schemas", m->type == TYPE_ENUM ? enum_row(m->of)->name : object_row(m->of).name,
		"");
	if (nullable) {
		json_object_close(j);
		json_array_close(j);
	}
}

static void put_schema(struct json_out *j, const struct object_member *m, bool checked)
{
	bool nullable = m->presence == PRESENCE_NULLABLE || m->presence == PRESENCE_MAY_NULL;

	json_object_open(j);
	if (m->shape == SHAPE_ONE) {
		put_one(j, m, nullable, checked);
	} else {
		put_type(j, m->shape == SHAPE_LIST ? "array" : "object", nullable);
		json_key(j, m->shape == SHAPE_LIST ? "items" : "additionalProperties");
		json_object_open(j);
		put_one(j, m, false, checked);
		json_object_close(j);
		if (checked)
			json_put_int(j, m->shape == SHAPE_LIST ? "maxItems" : "maxProperties",
				     OBJECT_MAX_ITEMS);
	}
	json_put_cstr(j, "description", m->doc);
	json_object_close(j);
}

/* Whether requests carry it: what they carry is bounded and has no members but these. */
static bool is_body(enum object_id id)
{
	size_t count;
	const struct route *routes = route_table(&count);

	for (size_t i = 0; i < count; i++)
		if (routes[i].body == id)
			return true;
	return false;
}

static void put_object(struct json_out *j, enum object_id id)
{
	struct object_row o = object_row(id);
	bool checked = is_body(id);

	json_key(j, o.name);
	json_object_open(j);
	json_put_cstr(j, "type", "object");
	json_put_cstr(j, "description", o.doc);
	json_key(j, "properties");
	json_object_open(j);
	for (size_t i = 0; i < o.count; i++) {
		json_key(j, o.members[i].name);
		put_schema(j, &o.members[i], checked);
	}
	json_object_close(j);
	json_key(j, "required");
	json_array_open(j);
	for (size_t i = 0; i < o.count; i++)
		if (o.members[i].presence == PRESENCE_MUST ||
		    o.members[i].presence == PRESENCE_NULLABLE)
			json_cstr(j, o.members[i].name);
	json_array_close(j);
	json_put_bool(j, "additionalProperties", false);
	json_object_close(j);
}

static void put_enum(struct json_out *j, enum enum_id id)
{
	const struct enum_row *e = enum_row(id);

	json_key(j, e->name);
	json_object_open(j);
	json_put_cstr(j, "type", "string");
	json_put_cstr(j, "description", e->doc);
	json_key(j, "enum");
	json_array_open(j);
	for (size_t i = 0; i < e->count; i++)
		json_cstr(j, e->values[i]);
	json_array_close(j);
	json_object_close(j);
}

/* A page of a list. */
static void put_list(struct json_out *j, enum object_id id)
{
	static const char *const members[] = { "items", "next", "total" };
	OWNED_BUF name = BUF_INIT;

	buf_printf(&name, "%sList", object_row(id).name);
	json_key_str(j, buf_str(&name));
	json_object_open(j);
	json_put_cstr(j, "type", "object");
	json_put_cstr(j, "description", "A page of a list.");
	json_key(j, "properties");
	json_object_open(j);
	json_key(j, "items");
	json_object_open(j);
	json_put_cstr(j, "type", "array");
	json_key(j, "items");
	json_object_open(j);
	put_ref(j, "schemas", object_row(id).name, "");
	json_object_close(j);
	json_object_close(j);
	json_key(j, "next");
	json_object_open(j);
	put_type(j, "string", true);
	json_put_cstr(j, "description", "cursor of the page after; null: this was the last");
	json_object_close(j);
	json_key(j, "total");
	json_object_open(j);
	put_type(j, "integer", true);
	json_put_cstr(j, "description", "items of all pages together; null: not counted");
	json_object_close(j);
	json_object_close(j);
	json_key(j, "required");
	json_array_open(j);
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		json_cstr(j, members[i]);
	json_array_close(j);
	json_put_bool(j, "additionalProperties", false);
	json_object_close(j);
}

static bool is_listed(enum object_id id)
{
	size_t count;
	const struct route *routes = route_table(&count);

	for (size_t i = 0; i < count; i++)
		if (routes[i].shape == ROUTE_LIST && routes[i].answer == id)
			return true;
	return false;
}

static void put_schemas(struct json_out *j)
{
	json_key(j, "schemas");
	json_object_open(j);
	for (int i = ENUM_NONE + 1; i < ENUM_COUNT; i++)
		put_enum(j, (enum enum_id)i);
	for (int i = OBJECT_NONE + 1; i < OBJECT_COUNT; i++) {
		put_object(j, (enum object_id)i);
		if (is_listed((enum object_id)i))
			put_list(j, (enum object_id)i);
	}
	json_object_close(j);
}

static void put_query(struct json_out *j, enum object_id id)
{
	struct object_row o = object_row(id);

	for (size_t i = 0; i < o.count; i++) {
		json_object_open(j);
		json_put_cstr(j, "name", o.members[i].name);
		json_put_cstr(j, "in", "query");
		if (o.members[i].presence == PRESENCE_MUST)
			json_put_bool(j, "required", true);
		json_put_cstr(j, "description", o.members[i].doc);
		json_key(j, "schema");
		put_schema(j, &o.members[i], true);
		json_object_close(j);
	}
}

static void put_path_parameters(struct json_out *j, const char *path)
{
	str left = str_from(path);

	while (left.n) {
		str segment = str_cut(&left, '/');

		if (segment.n < 2 || segment.p[0] != '{')
			continue;
		json_object_open(j);
		json_put_str(j, "name", str_take(str_skip(segment, 1), segment.n - 2));
		json_put_cstr(j, "in", "path");
		json_put_bool(j, "required", true);
		json_key(j, "schema");
		json_object_open(j);
		json_put_cstr(j, "type", "string");
		json_object_close(j);
		json_object_close(j);
	}
}

static void put_content(struct json_out *j, const char *type, const char *schema,
			const char *suffix)
{
	json_key(j, "content");
	json_object_open(j);
	json_key(j, type);
	json_object_open(j);
	json_key(j, "schema");
	json_object_open(j);
	put_ref(j, "schemas", schema, suffix);
	json_object_close(j);
	json_object_close(j);
	json_object_close(j);
}

static void put_responses(struct json_out *j, const struct route *r)
{
	char status[16];

	json_key(j, "responses");
	json_object_open(j);
	snprintf(status, sizeof(status), "%d", r->status);
	json_key(j, status);
	json_object_open(j);
	json_put_cstr(j, "description", r->summary.en);
	if (r->shape == ROUTE_ONE)
		put_content(j, "application/json", object_row(r->answer).name, "");
	else if (r->shape == ROUTE_LIST)
		put_content(j, "application/json", object_row(r->answer).name, "List");
	json_object_close(j);
	if (r->method == METHOD_GET && r->status == 200) {
		json_key(j, "304");
		json_object_open(j);
		json_put_cstr(j, "description", "It is as If-None-Match says.");
		json_object_close(j);
	}
	json_key(j, "default");
	json_object_open(j);
	put_ref(j, "responses", "Problem", "");
	json_object_close(j);
	json_object_close(j);
}

static void put_operation(struct json_out *j, const struct route *r)
{
	json_object_open(j);
	json_put_cstr(j, "operationId", r->handler);
	json_put_cstr(j, "summary", r->summary.en);
	json_put_cstr(j, "x-summary-zh", r->summary.zh);
	json_put_cstr(j, "x-permission",
		      r->permission == PERMISSION_PUBLIC ? "public"
		      : r->permission == PERMISSION_SELF ? "self"
							 : permission_row(r->permission)->name);
	if (r->permission == PERMISSION_PUBLIC) {
		json_key(j, "security");
		json_array_open(j);
		json_array_close(j);
	}
	json_key(j, "parameters");
	json_array_open(j);
	put_path_parameters(j, r->path);
	if (r->query != OBJECT_NONE)
		put_query(j, r->query);
	if (r->shape == ROUTE_LIST)
		put_query(j, OBJECT_PAGE_QUERY);
	json_array_close(j);
	if (r->body != OBJECT_NONE) {
		json_key(j, "requestBody");
		json_object_open(j);
		json_put_bool(j, "required", true);
		put_content(j, "application/json", object_row(r->body).name, "");
		json_object_close(j);
	}
	put_responses(j, r);
	json_object_close(j);
}

static bool is_first_of_path(const struct route *routes, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(routes[k].path, routes[i].path) == 0)
			return false;
	return true;
}

static void put_paths(struct json_out *j)
{
	static const char *const methods[] = { "get", "post", "put", "patch", "delete" };
	size_t count;
	const struct route *routes = route_table(&count);

	json_key(j, "paths");
	json_object_open(j);
	for (size_t i = 0; i < count; i++) {
		if (!is_first_of_path(routes, i))
			continue;
		json_key(j, routes[i].path);
		json_object_open(j);
		for (size_t k = i; k < count; k++)
			if (strcmp(routes[k].path, routes[i].path) == 0) {
				json_key(j, methods[routes[k].method]);
				put_operation(j, &routes[k]);
			}
		json_object_close(j);
	}
	json_object_close(j);
}

static void put_security_schemes(struct json_out *j)
{
	json_key(j, "securitySchemes");
	json_object_open(j);
	json_key(j, "session");
	json_object_open(j);
	json_put_cstr(j, "type", "apiKey");
	json_put_cstr(j, "in", "cookie");
	json_put_cstr(j, "name", "__Host-skep");
	json_put_cstr(j, "description",
		      "Made by POST /api/v1/session. Every method but GET wants X-Skep-Csrf, too, "
		      "whose value GET /api/v1/session tells.");
	json_object_close(j);
	json_key(j, "token");
	json_object_open(j);
	json_put_cstr(j, "type", "http");
	json_put_cstr(j, "scheme", "bearer");
	json_object_close(j);
	json_object_close(j);
}

static void put_components(struct json_out *j)
{
	json_key(j, "components");
	json_object_open(j);
	put_schemas(j);
	json_key(j, "responses");
	json_object_open(j);
	json_key(j, "Problem");
	json_object_open(j);
	json_put_cstr(j, "description", "Why not (RFC 9457).");
	put_content(j, "application/problem+json", "Problem", "");
	json_object_close(j);
	json_object_close(j);
	put_security_schemes(j);
	json_object_close(j);
}

static void put_security(struct json_out *j)
{
	static const char *const schemes[] = { "session", "token" };

	json_key(j, "security");
	json_array_open(j);
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		json_object_open(j);
		json_key(j, schemes[i]);
		json_array_open(j);
		json_array_close(j);
		json_object_close(j);
	}
	json_array_close(j);
}

/* Wherever the document came from: paths begin at the root. */
static void put_servers(struct json_out *j)
{
	json_key(j, "servers");
	json_array_open(j);
	json_object_open(j);
	json_put_cstr(j, "url", "/");
	json_object_close(j);
	json_array_close(j);
}

void openapi_render(const char *version, struct json_out *j)
{
	json_object_open(j);
	json_put_cstr(j, "openapi", "3.1.0");
	json_key(j, "info");
	json_object_open(j);
	json_put_cstr(j, "title", "Skep console");
	json_put_cstr(j, "version", version);
	json_put_cstr(j, "description",
		      "Lists come in pages, the newest first: `next` of one is `cursor` of the "
		      "following. What is wrong with a "
		      "request is told as application/problem+json in the language of "
		      "Accept-Language (en, zh). GET answers "
		      "carry an ETag; If-None-Match is heeded, and If-Match where a thing may be "
		      "changed by several.");
	json_key(j, "license");
	json_object_open(j);
	json_put_cstr(j, "name", "Apache-2.0");
	json_put_cstr(j, "identifier", "Apache-2.0");
	json_object_close(j);
	json_object_close(j);
	put_servers(j);
	put_security(j);
	put_paths(j);
	put_components(j);
	json_object_close(j);
}
