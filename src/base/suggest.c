#include "base/suggest.h"

size_t suggest_distance(str a, str b)
{
	size_t d[3][SUGGEST_MAX_BYTES + 1] = { 0 };

	if (a.n > SUGGEST_MAX_BYTES || b.n > SUGGEST_MAX_BYTES)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.n; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t *row = d[i % 3];
		const size_t *above = d[(i + 2) % 3], *before = d[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t change = above[j - 1] + (a.p[i - 1] != b.p[j - 1]);
			size_t best = MIN(change, MIN(above[j], row[j - 1]) + 1);

			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
				best = MIN(best, before[j - 2] + 1);
			row[j] = best;
		}
	}
	return d[a.n % 3][b.n];
}

struct suggestion suggestion_for(str word)
{
	return (struct suggestion){ .word = word };
}

void suggestion_offer(struct suggestion *s, str candidate)
{
	size_t distance = suggest_distance(s->word, candidate);
	size_t most = MAX(s->word.n, candidate.n) / 3;

	/* A third of the letters wrong is a slip; more is another word. Beginnings are how people abbreviate. */
	if (s->word.n >= 2 && str_starts(candidate, s->word))
		distance = MIN(distance, 1);
	if (distance > MAX(most, 1) || (s->best.n && distance >= s->distance))
		return;
	s->best = candidate;
	s->distance = distance;
}
