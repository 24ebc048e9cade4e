/** @file
 * What is answered when a request cannot be answered as asked: application/problem+json (RFC 9457).
 */
#ifndef SKEP_CONSOLE_API_PROBLEM_H
#define SKEP_CONSOLE_API_PROBLEM_H

#include "base/buf.h"
#include "base/lang.h"
#include "console/api/object.h"

/** X(ID, status, "code", "title", "title in Chinese") */
#define PROBLEMS(X) \
	X(INVALID, 400, "invalid", "The request is not as it should be", "请求无效") \
	X(UNAUTHENTICATED, 401, "unauthenticated", "Sign in first", "请先登录") \
	X(FORBIDDEN, 403, "forbidden", "Not allowed", "没有权限") \
	X(CSRF, 403, "csrf", "The X-Skep-Csrf header is missing or wrong", \
	  "缺少 X-Skep-Csrf 请求头或其值错误") \
	X(NOT_FOUND, 404, "not-found", "There is no such thing", "不存在") \
	X(METHOD, 405, "method-not-allowed", "Not with this method", "不支持该方法") \
	X(CONFLICT, 409, "conflict", "It is in the way of something that exists", \
	  "与已有对象冲突") \
	X(STALE, 412, "changed-meanwhile", "It was changed meanwhile", "对象已被修改") \
	X(TOO_LARGE, 413, "too-large", "Too large", "内容过大") \
	X(MEDIA_TYPE, 415, "media-type", "Send application/json", "请发送 application/json") \
	X(TOO_MANY, 429, "too-many-requests", "Too many requests", "请求过于频繁") \
	X(INTERNAL, 500, "internal", "The console failed", "控制台内部错误") \
	X(DAMAGED, 500, "store-damaged", \
	  "The store is damaged: end the console and put a copy in its place", \
	  "数据库已损坏：请停止控制台并以备份恢复") \
	X(UNAVAILABLE, 503, "unavailable", "Not now; try again", "暂时不可用，请重试") \
	X(NO_SPACE, 507, "no-space", "The store is full", "存储空间不足")

enum problem_id {
#define PROBLEM_ENUM(id, status, code, en, zh) PROBLEM_##id,
	PROBLEMS(PROBLEM_ENUM)
#undef PROBLEM_ENUM
		PROBLEM_COUNT
};

struct problem_row {
	int status;
	const char *code;
	struct phrase title;
};

const struct problem_row *problem_row(enum problem_id id);
/** What a handler's error is; @p error is negative. */
enum problem_id problem_of(int error);

/** The document. */
struct problem {
	enum problem_id id;
	const char *code; /**< NULL: that of the row */
	str detail;
	str instance;                    /**< the path */
	const struct fault_list *faults; /**< NULL: none */
};

void problem_render(const struct problem *p, enum lang lang, struct buf *out);

#endif
