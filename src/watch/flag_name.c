#include "watch/flag_name.h"

#include "model/event.h"

/* open(2)'s access mode is a number: read 0, write 1, both 2. Bits let it be shown like the rest. */
#define FLAG_READ ((uint64_t)1 << 32)
#define FLAG_WRITE ((uint64_t)1 << 33)
#define FLAG_READ_WRITE (FLAG_READ | FLAG_WRITE)
/* What came of it stands beyond them. */
#define FLAG_FILE(n) ((uint64_t)(n) << 40)
#define FLAG_CREATED FLAG_FILE(EVENT_FILE_CREATED)
#define FLAG_UPPER FLAG_FILE(EVENT_FILE_UPPER)
#define FLAG_LOWER FLAG_FILE(EVENT_FILE_LOWER)

static const struct {
	uint64_t value;
	str name;
	enum flag_set set;
} names[] = {
#define N(id, number, text) { (number), { text, sizeof(text) - 1 }, FLAG_SET_##id },
#include "watch/flag_name.def"
#undef N
};

/* Where a set begins: the table is in the order of the sets. */
static size_t first_of(enum flag_set s)
{
	size_t low = 0, high = ARRAY_LEN(names);

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (names[mid].set < s)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint64_t flag_name_open(uint64_t flags, uint8_t file_flags)
{
	static const uint64_t access[] = { FLAG_READ, FLAG_WRITE, FLAG_READ_WRITE, 0 };

	return (flags & UINT32_MAX & ~(uint64_t)3) | access[flags & 3] | FLAG_FILE(file_flags);
}

void flag_names_add(enum flag_set s, uint64_t n, char separator, struct scratch_text *t)
{
	bool any = false;

	for (size_t i = first_of(s); n && i < ARRAY_LEN(names) && names[i].set == s; i++) {
		if ((n & names[i].value) != names[i].value)
			continue;
		n &= ~names[i].value;
		if (any)
			scratch_byte(t, separator);
		scratch_add(t, names[i].name);
		any = true;
	}
}

str flag_name_find(enum flag_set s, uint64_t n)
{
	for (size_t i = first_of(s); i < ARRAY_LEN(names) && names[i].set == s; i++)
		if (names[i].value == n)
			return names[i].name;
	return (str){ 0 };
}
