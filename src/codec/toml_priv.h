/** @file
 * What the two halves of the TOML reader share: toml.c knows tables, toml_value.c knows values.
 */
#ifndef SKEP_CODEC_TOML_PRIV_H
#define SKEP_CODEC_TOML_PRIV_H

#include "base/map.h"
#include "codec/toml.h"

/* Half of the levels is for the tables of headers, where each part may be an array and a table; half for values. */
#define TOML_VALUE_DEPTH (TOML_MAX_DEPTH / 2)
#define TOML_HEADER_PARTS (TOML_MAX_DEPTH / 4 - 1)

/* A value under construction: its children in order, and by key when it is a table. */
struct toml_node {
	struct value value;
	str key;
	struct toml_node *first, *last, *next;
	struct map children;
	bool closed;    /* an inline table or array: nothing may be added later */
	bool defined;   /* its [header] was seen */
	bool of_tables; /* an array made by [[header]] */
};

struct toml_reader {
	str rest;
	uint32_t line;
	struct arena *arena;
	struct err *e;
};

int toml_spent(struct toml_reader *r);
int toml_bad(struct toml_reader *r, const char *why);
/** Skips blanks; with @p lines also line ends and comments. */
void toml_skip(struct toml_reader *r, bool lines);
/** Takes @p c when it is next. */
bool toml_take(struct toml_reader *r, char c);
MUST_CHECK int toml_read_value(struct toml_reader *r, struct toml_node *at, unsigned int depth);
/** Reads a quoted string of any of the four kinds. */
MUST_CHECK int toml_read_string(struct toml_reader *r, str *ret);
/** A new last child; @p key empty in arrays. NULL when the arena is spent. */
MUST_CHECK struct toml_node *toml_add(struct toml_reader *r, struct toml_node *parent, str key);
/** key = value, into @p table. */
MUST_CHECK int toml_read_pair(struct toml_reader *r, struct toml_node *table, unsigned int depth);

#endif
