#include "prog/skep/complete.h"

#include "prog/skep/help.h"

struct line {
	const struct command *command;  /**< NULL: not typed yet */
	const struct option_def *wants; /**< the word being typed is this option's value */
	bool only_words;                /**< "--" was seen */
};

static void offer(struct buf *out, str prefix, str before, str word, const char *what)
{
	if (!str_starts(word, prefix))
		return;
	buf_add(out, before);
	buf_add(out, word);
	buf_printf(out, "\t%s\n", what);
}

/** The option by long name, or by letter when @p name is NULL. */
static const struct option_def *find_option(const struct command *c, const char *name, char letter)
{
	const struct option_def *none[] = { NULL };
	const struct option_def *const *own = c ? c->options : none;
	const struct option_def *d = global_options;

	for (;;) {
		for (; d->name; d++)
			if (name ? strcmp(name, d->name) == 0 : letter == d->letter)
				return d;
		if (!*own)
			return NULL;
		d = *own++;
	}
}

/** The option a finished word leaves waiting for its value, or NULL. */
static const struct option_def *waiting(const struct command *c, const char *word)
{
	const struct option_def *d;

	if (word[0] != '-' || !word[1] || strchr(word, '='))
		return NULL;
	if (word[1] == '-') {
		d = find_option(c, word + 2, 0);
		return d && option_takes_value(d) ? d : NULL;
	}
	for (const char *letter = word + 1; *letter; letter++) {
		d = find_option(c, NULL, *letter);
		if (d && option_takes_value(d))
			return letter[1] ? NULL : d;
	}
	return NULL;
}

static void take_command_word(struct line *l, const char *word)
{
	const struct command *const *c = commands;
	size_t family = l->command ? strlen(l->command->name) : 0;

	if (l->command && l->command->run)
		return;
	for (; *c; c++) {
		const char *name = (*c)->name;

		if (l->command &&
		    (strncmp(name, l->command->name, family) != 0 || name[family] != ' '))
			continue;
		if (strcmp(name + (l->command ? family + 1 : 0), word) == 0)
			break;
	}
	if (*c)
		l->command = *c;
}

static struct line read_line(const char *const *words, size_t finished)
{
	struct line l = { 0 };

	for (size_t i = 0; i < finished; i++) {
		const char *word = words[i];

		if (strcmp(word, "=") == 0)
			continue;
		if (l.wants)
			l.wants = NULL;
		else if (l.only_words)
			continue;
		else if (strcmp(word, "--") == 0)
			l.only_words = true;
		else if (word[0] == '-')
			l.wants = waiting(l.command, word);
		else
			take_command_word(&l, word);
	}
	return l;
}

static void offer_choices(struct buf *out, const char *choices, str typed, str before, bool many)
{
	str rest = str_from(choices);
	size_t comma = many ? str_find_last(typed, ',') : typed.n;
	OWNED_BUF kept = BUF_INIT;

	buf_add(&kept, before);
	if (comma < typed.n) {
		buf_add(&kept, str_take(typed, comma + 1));
		typed = str_skip(typed, comma + 1);
	}
	while (rest.n)
		offer(out, typed, buf_str(&kept), str_cut(&rest, '|'), "");
}

static void offer_value(struct buf *out, const struct option_def *d, str typed, str before)
{
	bool many = d->type == OPTION_LIST;

	if (d->choices)
		offer_choices(out, d->choices, typed, before, many);
	else if (d->complete == OPTION_COMPLETE_FILE)
		buf_add(out, S(":file\n"));
	else if (d->complete == OPTION_COMPLETE_DIR)
		buf_add(out, S(":dir\n"));
}

static void offer_options(struct buf *out, const struct command *c, str typed, enum lang lang)
{
	const struct option_def *none[] = { NULL };
	const struct option_def *const *own = c ? c->options : none;
	const struct option_def *d = global_options;

	for (;;) {
		for (; d->name; d++)
			offer(out, str_skip(typed, 2), S("--"), str_from(d->name),
			      phrase_in(d->help, lang));
		if (!*own)
			return;
		d = *own++;
	}
}

static void offer_commands(struct buf *out, const struct command *family, str typed, enum lang lang)
{
	size_t skip = family ? strlen(family->name) + 1 : 0;

	for (const struct command *const *c = commands; *c; c++) {
		str name = str_from((*c)->name);
		bool member = str_find(name, ' ') < name.n;

		if (family ? !member || !str_starts(name, str_from(family->name)) ||
				     name.p[skip - 1] != ' '
			   : member)
			continue;
		offer(out, typed, S(""), str_skip(name, skip), phrase_in((*c)->summary, lang));
	}
}

static void offer_argument(struct buf *out, const struct command *c, str typed, enum lang lang)
{
	if (strcmp(c->name, "help") == 0) {
		offer_commands(out, NULL, typed, lang);
		for (const struct help_topic *t = help_topics; t->name; t++)
			offer(out, typed, S(""), str_from(t->name), phrase_in(t->title, lang));
	} else if (c->choices) {
		offer_choices(out, c->choices, typed, S(""), false);
	} else if (c->complete == OPTION_COMPLETE_FILE) {
		buf_add(out, S(":file\n"));
	} else if (c->complete == OPTION_COMPLETE_DIR) {
		buf_add(out, S(":dir\n"));
	}
}

void complete_words(struct buf *out, const char *const *words, size_t count, enum lang lang)
{
	str typed = count ? str_from(words[count - 1]) : S("");
	struct line l = read_line(words, count ? count - 1 : 0);
	size_t equals = str_find(typed, '=');

	/* bash hands over "--color=" as two words and "--color=al" as three. */
	if (str_is(typed, "="))
		typed = S("");
	if (l.wants) {
		offer_value(out, l.wants, typed, S(""));
	} else if (!l.only_words && str_starts(typed, S("--")) && equals < typed.n) {
		OWNED_BUF name = BUF_INIT;
		const struct option_def *d;

		buf_add(&name, str_skip(str_take(typed, equals), 2));
		d = find_option(l.command, buf_cstr(&name), 0);
		if (d)
			offer_value(out, d, str_skip(typed, equals + 1),
				    str_take(typed, equals + 1));
	} else if (!l.only_words && str_starts(typed, S("-"))) {
		offer_options(out, l.command, str_is(typed, "-") ? S("--") : typed, lang);
	} else if (!l.command || !l.command->run) {
		offer_commands(out, l.command, typed, lang);
	} else {
		offer_argument(out, l.command, typed, lang);
	}
}
