/** @file
 * Gaps: input we could not understand or did not read. A scan with gaps is a partial result, never a clean one.
 */
#ifndef SKEP_MODEL_GAP_H
#define SKEP_MODEL_GAP_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/json_out.h"
#include "codec/value.h"

/** X(id, name, English, Chinese) */
#define GAP_KINDS(X) \
	X(LIMIT, "limit", "a limit was hit", "达到上限") \
	X(MALFORMED, "malformed", "malformed input", "输入格式错误") \
	X(UNSUPPORTED, "unsupported", "not supported", "不支持") \
	X(UNREADABLE, "unreadable", "could not be read", "无法读取") \
	X(CRASHED, "crashed", "the parser died and was contained", "解析进程崩溃（已隔离）") \
	X(UNRESOLVED, "unresolved", "a link leads to what was not read", "链接指向未读取的内容") \
	X(NO_DATA, "no-data", "no advisories for it in the database", "数据库中没有对应的公告") \
	X(NOT_APPLICABLE, "not-applicable", "advisories do not apply to it", "公告不适用") \
	X(STAND_IN, "stand-in", "matched against a related distribution", \
	  "使用相近发行版的公告匹配") \
	X(STALE, "stale", "the data is old", "数据已过期") \
	X(END_OF_LIFE, "end-of-life", "the distribution gets no more fixes", "发行版已停止维护") \
	X(UNEXPECTED, "unexpected", "something odd that may hide packages", "可能隐藏软件包的异常")

enum gap_kind {
#define GAP_ENUM(id, name, en, zh) GAP_##id,
	GAP_KINDS(GAP_ENUM)
#undef GAP_ENUM
		GAP_KIND_COUNT
};

struct gap {
	enum gap_kind kind;
	str place;      /**< path inside the image, layer digest, package or record: where it is */
	str what;       /**< a sentence in English; may be empty */
	uint64_t count; /**< how many times, at least 1 */
};

struct gap_list {
	struct gap *items;
	size_t count, cap;
	uint64_t dropped; /**< gaps beyond GAP_LIST_MAX: counted, not kept */
};

#define GAP_LIST_MAX 1000

/**
 * Records a gap; an equal kind, place and what counts up instead. Strings are copied into @p a.
 * When the arena is spent or the list is full the gap is only counted in `dropped`: a gap is never lost.
 */
void gap_add(struct gap_list *l, struct arena *a, enum gap_kind kind, str place, const char *fmt,
	     ...) PRINTF_LIKE(5, 6);
/** Appends all of @p from, copying. */
void gap_add_all(struct gap_list *l, struct arena *a, const struct gap_list *from);

/** Writes {"items": [...], "dropped": n}. */
void gap_list_render(const struct gap_list *l, struct json_out *j);
/**
 * Reads what gap_list_render() wrote; an absent object, NULL, is the empty list. Strings are copied into @p a.
 * @return 0, -EBADMSG, -E2BIG (more than GAP_LIST_MAX), -ENOBUFS
 */
MUST_CHECK int gap_list_parse(const struct value *v, struct arena *a, struct gap_list *ret,
			      struct err *e);

const char *gap_kind_name(enum gap_kind k);
/** Whether a gap of this kind means that something in the target was not examined (exit status 6). */
bool gap_is_partial(enum gap_kind k);

#endif
