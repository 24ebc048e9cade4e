#include "prog/skep/manual.h"

#include <inttypes.h>

#include "prog/skep/help.h"

/** Text for troff: backslashes, dashes people copy, and lines that begin like a request. */
static void roff(struct buf *out, const char *text)
{
	bool fresh = true;

	for (; *text; text++) {
		if (fresh && (*text == '.' || *text == '\''))
			buf_add(out, S("\\&"));
		fresh = *text == '\n';
		if (*text == '\\')
			buf_add(out, S("\\e"));
		else if (*text == '-')
			buf_add(out, S("\\-"));
		else if (*text == '\n' && text[1] == '\n')
			buf_add(out, S("\n.PP"));
		else
			buf_byte(out, *text);
	}
}

static void roff_line(struct buf *out, const char *macro, const char *text)
{
	buf_printf(out, "%s", macro);
	roff(out, text);
	buf_byte(out, '\n');
}

static void value_notes(struct buf *out, const struct option_def *d)
{
	if (d->choices)
		buf_printf(out, " One of %s.", d->choices);
	if (d->type == OPTION_LIST)
		buf_add(out, S(" Repeatable, or separated by commas."));
	if (d->type == OPTION_MULTI)
		buf_add(out, S(" Repeatable."));
	if (d->fallback)
		buf_printf(out, " Default: %s.", d->fallback);
}

static void man_options(struct buf *out, const struct option_def *table)
{
	for (const struct option_def *d = table; d->name; d++) {
		OWNED_BUF text = BUF_INIT;

		help_option_spelling(&text, d);
		roff_line(out, ".TP\n.B ", buf_cstr(&text));
		buf_reset(&text);
		buf_printf(&text, "%s.", d->help.en);
		value_notes(&text, d);
		roff_line(out, "", buf_cstr(&text));
	}
}

static void man_examples(struct buf *out, const struct command *c)
{
	if (!c->examples[0].line)
		return;
	buf_add(out, S(".SH EXAMPLES\n"));
	for (size_t i = 0; i < COMMAND_MAX_EXAMPLES && c->examples[i].line; i++) {
		roff_line(out, ".TP\n.B ", c->examples[i].line);
		roff_line(out, "", c->examples[i].what.en);
	}
}

static void man_exit_status(struct buf *out)
{
	buf_add(out, S(".SH EXIT STATUS\n"));
	for (size_t i = 0; i < exit_code_text_count; i++) {
		buf_printf(out, ".TP\n%d\n", exit_code_texts[i].code);
		roff_line(out, "", exit_code_texts[i].meaning.en);
	}
}

static void page_name(struct buf *out, const char *command)
{
	buf_printf(out, "skep%s", *command ? "-" : "");
	for (; *command; command++)
		buf_byte(out, *command == ' ' ? '-' : *command);
}

static void man_head(struct buf *out, const char *command, const char *summary)
{
	OWNED_BUF name = BUF_INIT;

	page_name(&name, command);
	buf_printf(out, ".TH %s 1 \"\" \"skep %s\" \"Skep manual\"\n.SH NAME\n", buf_cstr(&name),
		   SKEP_VERSION);
	roff(out, buf_cstr(&name));
	buf_add(out, S(" \\- "));
	roff_line(out, "", summary);
}

static void man_topics(struct buf *out)
{
	for (const struct help_topic *t = help_topics; t->name; t++) {
		OWNED_BUF text = BUF_INIT;

		if (strcmp(t->name, "exit-codes") == 0)
			continue;
		t->render(&text, LANG_EN);
		buf_add(out, S(".SH "));
		for (const char *c = t->name; *c; c++)
			buf_byte(out, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
		buf_add(out, S("\n.nf\n"));
		/* Unfilled text keeps its empty lines: no paragraphs. */
		for (str rest = buf_str(&text); rest.n;) {
			OWNED_BUF line = BUF_INIT;

			buf_add(&line, str_line(&rest));
			roff_line(out, "", buf_cstr(&line));
		}
		buf_add(out, S(".fi\n"));
	}
}

static void man_overview(struct buf *out)
{
	man_head(out, "", "find known vulnerabilities in container images, offline");
	buf_add(out, S(".SH SYNOPSIS\n.B skep\n.I COMMAND\n[options]\n.SH COMMANDS\n"));
	for (const struct command *const *c = commands; *c; c++) {
		if (!(*c)->run)
			continue;
		buf_printf(out, ".TP\n.BR ");
		page_name(out, (*c)->name);
		buf_add(out, S(" (1)\n"));
		roff_line(out, "", (*c)->summary.en);
	}
	buf_add(out, S(".SH GLOBAL OPTIONS\n"));
	man_options(out, global_options);
	man_topics(out);
	man_exit_status(out);
}

void manual_man(struct buf *out, const struct command *c)
{
	if (!c) {
		man_overview(out);
		return;
	}
	man_head(out, c->name, c->summary.en);
	buf_printf(out, ".SH SYNOPSIS\n.B skep %s\n", c->name);
	roff_line(out, "", c->run ? "[options]" : "COMMAND");
	if (c->arguments)
		roff_line(out, ".I ", c->arguments);
	man_examples(out, c);
	if (c->detail.en) {
		buf_add(out, S(".SH DESCRIPTION\n"));
		roff_line(out, "", c->detail.en);
	}
	if (c->options[0])
		buf_add(out, S(".SH OPTIONS\n"));
	for (size_t i = 0; c->options[i]; i++)
		man_options(out, c->options[i]);
	buf_add(out, S(".SH SEE ALSO\n.BR skep (1)\nfor global options, configuration and exit "
		       "status.\n"));
}

static void markdown_options(struct buf *out, const struct option_def *table)
{
	for (const struct option_def *d = table; d->name; d++) {
		OWNED_BUF text = BUF_INIT;

		buf_add(out, S("| `"));
		help_option_spelling(out, d);
		buf_printf(&text, "%s.", d->help.en);
		value_notes(&text, d);
		buf_add(out, S("` | "));
		for (size_t i = 0; i < text.n; i++) {
			if (text.p[i] == '|')
				buf_byte(out, '\\');
			buf_byte(out, text.p[i]);
		}
		buf_add(out, S(" |\n"));
	}
}

static void markdown_command(struct buf *out, const struct command *c)
{
	buf_printf(out, "\n## skep %s\n\n", c->name);
	buf_printf(out, "%s.\n\n```\nskep %s%s%s%s\n", c->summary.en, c->name,
		   c->run ? " [options]" : " COMMAND", c->arguments ? " " : "",
		   c->arguments ? c->arguments : "");
	for (size_t i = 0; i < COMMAND_MAX_EXAMPLES && c->examples[i].line; i++)
		buf_printf(out, "%s%s   # %s\n", i ? "" : "\n", c->examples[i].line,
			   c->examples[i].what.en);
	buf_add(out, S("```\n"));
	if (c->detail.en)
		buf_printf(out, "\n%s\n", c->detail.en);
	if (c->options[0])
		buf_add(out, S("\n| option | meaning |\n|---|---|\n"));
	for (size_t i = 0; c->options[i]; i++)
		markdown_options(out, c->options[i]);
}

void manual_markdown(struct buf *out)
{
	buf_add(out,
		S("# Command line\n\nMade by `make docs` from the tables the program itself uses; "
		  "do not edit.\n\n## Global options\n\n| option | meaning |\n|---|---|\n"));
	markdown_options(out, global_options);
	for (const struct command *const *c = commands; *c; c++)
		markdown_command(out, *c);
	for (const struct help_topic *t = help_topics; t->name; t++) {
		buf_printf(out, "\n## %s\n\n```\n", t->title.en);
		t->render(out, LANG_EN);
		buf_add(out, S("```\n"));
	}
}
