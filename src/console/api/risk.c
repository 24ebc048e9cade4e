#include "console/api/risk.h"

#include <math.h>

#include "console/api/asset_json.h"

static const struct {
	const char *name;
	double most;
} factors[] = {
#define RISK_FACTOR_ROW(id, name, most) { name, most },
	RISK_FACTORS(RISK_FACTOR_ROW)
#undef RISK_FACTOR_ROW
};

/* Grows quickly at first and never beyond `most`: the tenth critical one frightens less than the first. */
static double saturate(double most, double x, double half)
{
	return most * (1 - exp2(-x / half));
}

static void vulnerabilities(const struct risk_facts *f, struct arena *a, struct risk_part *p)
{
	double weight = 10 * (double)f->counts[SEVERITY_CRITICAL] +
			4 * (double)f->counts[SEVERITY_HIGH] + (double)f->counts[SEVERITY_MEDIUM] +
			0.2 * (double)f->counts[SEVERITY_LOW];
	long long critical = f->counts[SEVERITY_CRITICAL], high = f->counts[SEVERITY_HIGH],
		  medium = f->counts[SEVERITY_MEDIUM];

	for (int i = 0; i < SEVERITY_COUNT; i++)
		p->value += (double)f->counts[i];
	p->points = saturate(factors[RISK_VULNERABILITIES].most, weight, 40);
	p->why = arena_printf(
		a, "its image has %lld critical, %lld high and %lld medium vulnerabilities",
		critical, high, medium);
	p->why_zh = arena_printf(a, "镜像有 %lld 个严重、%lld 个高危、%lld 个中危漏洞", critical,
				 high, medium);
}

static void exploited(const struct risk_facts *f, struct arena *a, struct risk_part *p)
{
	double most = factors[RISK_EXPLOITED].most, chance = MAX(f->exploit, 0.0);

	p->value = (double)f->kev;
	/* One that is exploited is enough; more make it surer. */
	p->points = f->kev ? most * (1 - 0.4 * exp2(-(double)(f->kev - 1))) : most * 0.6 * chance;
	if (f->kev) {
		p->why = arena_printf(a, "%lld of them are known to be exploited (KEV)",
				      (long long)f->kev);
		p->why_zh = arena_printf(a, "其中 %lld 个已知被利用（KEV）", (long long)f->kev);
	} else {
		p->why = arena_printf(a,
				      "one of them is exploited within 30 days with a probability "
				      "of %.1f %% (EPSS)",
				      chance * 100);
		p->why_zh = arena_printf(a, "30 天内其中之一被利用的概率为 %.1f %%（EPSS）",
					 chance * 100);
	}
}

/* Where its root is a plain user of the host, what it may do is what that user may: capabilities hold in its own user namespace, and the
 * kernel's rights over files, sockets and processes are that user's. What the network gives is the same for anybody. */
static void privilege(const struct risk_facts *f, struct arena *a, struct risk_part *p)
{
	const bool plain = f->root_user > 0;
	const struct {
		bool has;
		double points, points_plain;
		const char *en, *zh;
	} powers[] = {
		{ f->privileged, 20, 6, "is privileged", "特权模式" },
		{ f->engine_socket, 18, 8, "has the engine's socket", "挂载容器引擎套接字" },
		{ f->host_files, 16, 6, "mounts the host's files", "挂载主机文件系统" },
		{ f->administers, 12, 3, "has CAP_SYS_ADMIN", "拥有 CAP_SYS_ADMIN" },
		{ f->host_pid, 10, 4, "sees the host's processes", "共享主机 PID 空间" },
		{ f->host_network, 8, 8, "shares the host's network", "共享主机网络" },
		{ f->root, 4, 1, "runs as root", "以 root 运行" },
	};
	OWNED_BUF en = BUF_INIT;
	OWNED_BUF zh = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(powers); i++) {
		if (!powers[i].has)
			continue;
		buf_printf(&en, "%s%s", p->value > 0 ? ", " : "it ", powers[i].en);
		buf_printf(&zh, "%s%s", p->value > 0 ? "、" : "", powers[i].zh);
		p->points += plain ? powers[i].points_plain : powers[i].points;
		p->value++;
	}
	if (plain && p->value > 0) {
		buf_printf(&en, "; on the host its root is user %lld", (long long)f->root_user);
		buf_printf(&zh, "；其 root 在主机上是普通用户 %lld", (long long)f->root_user);
	}
	p->points = MIN(p->points, factors[RISK_PRIVILEGE].most);
	p->why = arena_str(a, buf_str(&en));
	p->why_zh = arena_str(a, buf_str(&zh));
}

static void exposure(const struct risk_facts *f, struct arena *a, struct risk_part *p)
{
	p->value = (double)f->ports;
	p->points = f->ports ? saturate(factors[RISK_EXPOSURE].most, (double)f->ports + 1, 2) : 0;
	p->why = arena_printf(a, "it listens on %lld port%s others can reach", (long long)f->ports,
			      f->ports == 1 ? "" : "s");
	p->why_zh = arena_printf(a, "监听 %lld 个可从外部访问的端口", (long long)f->ports);
}

static void alerts(const struct risk_facts *f, struct arena *a, struct risk_part *p)
{
	p->value = (double)f->alerts;
	p->points = saturate(factors[RISK_ALERTS].most, (double)f->alerts, 2);
	p->why = arena_printf(a, "%lld open alert%s of error and worse in the last 24 hours",
			      (long long)f->alerts, f->alerts == 1 ? "" : "s");
	p->why_zh = arena_printf(a, "最近 24 小时有 %lld 条“错误”及以上级别的未处理告警",
				 (long long)f->alerts);
}

static void coverage(const struct risk_facts *f, struct arena *a, struct risk_part *p)
{
	bool image = !f->scanned || f->unjudged;

	p->value = image + !f->known;
	p->points = factors[RISK_COVERAGE].most * p->value / 2;
	p->why = arena_printf(a, "not known: %s%s%s",
			      !f->scanned   ? "what its image holds"
			      : f->unjudged ? "whether its packages are vulnerable: no advisories"
					    : "",
			      image && !f->known ? ", " : "", f->known ? "" : "what it may do");
	p->why_zh = arena_printf(a, "未知：%s%s%s",
				 !f->scanned   ? "镜像内容"
				 : f->unjudged ? "软件包是否有漏洞（无公告数据）"
					       : "",
				 image && !f->known ? "、" : "", f->known ? "" : "容器权限");
}

static double tenths(double points)
{
	return round(points * 10) / 10;
}

void risk_add_up(struct risk *r)
{
	r->score = 0;
	for (size_t i = 0; i < RISK_FACTOR_COUNT; i++) {
		r->parts[i].points = tenths(r->parts[i].points);
		r->score += r->parts[i].points;
	}
	/* a sum of tenths may be a hair below the number it is shown as, and in the band below */
	r->score = tenths(r->score);
}

int risk_reckon(const struct risk_facts *f, struct arena *a, struct risk *ret)
{
	struct risk r = { 0 };

	vulnerabilities(f, a, &r.parts[RISK_VULNERABILITIES]);
	exploited(f, a, &r.parts[RISK_EXPLOITED]);
	privilege(f, a, &r.parts[RISK_PRIVILEGE]);
	exposure(f, a, &r.parts[RISK_EXPOSURE]);
	alerts(f, a, &r.parts[RISK_ALERTS]);
	coverage(f, a, &r.parts[RISK_COVERAGE]);
	for (size_t i = 0; i < RISK_FACTOR_COUNT; i++)
		if (!r.parts[i].why.p || !r.parts[i].why_zh.p)
			return -ENOBUFS;
	risk_add_up(&r);
	*ret = r;
	return 0;
}

const char *risk_band(double score)
{
	if (score < 20)
		return "good";
	if (score < 40)
		return "fair";
	return score < 70 ? "poor" : "critical";
}

void risk_put_factors(const struct risk *r, struct json_out *j)
{
	bool shown[RISK_FACTOR_COUNT] = { false };

	json_key(j, "factors");
	json_array_open(j);
	for (size_t n = 0; n < RISK_FACTOR_COUNT; n++) {
		size_t best = RISK_FACTOR_COUNT;

		for (size_t i = 0; i < RISK_FACTOR_COUNT; i++)
			if (!shown[i] && r->parts[i].points > 0 &&
			    (best == RISK_FACTOR_COUNT ||
			     r->parts[i].points > r->parts[best].points))
				best = i;
		if (best == RISK_FACTOR_COUNT)
			break;
		shown[best] = true;
		json_object_open(j);
		json_put_cstr(j, "name", factors[best].name);
		json_key(j, "points");
		json_double(j, r->parts[best].points, 1);
		json_key(j, "max");
		json_double(j, factors[best].most, 1);
		json_key(j, "value");
		json_double(j, r->parts[best].value, 3);
		json_put_str(j, "why", r->parts[best].why);
		json_put_str(j, "whyZh", r->parts[best].why_zh);
		json_object_close(j);
	}
	json_array_close(j);
}

void risk_put(const struct risk *r, struct json_out *j)
{
	json_object_open(j);
	json_key(j, "score");
	json_double(j, r->score, 1);
	json_put_cstr(j, "band", risk_band(r->score));
	risk_put_factors(r, j);
	json_object_close(j);
}
