#include "prog/console/console.h"
#include "prog/skep/command.h"
#include "prog/skep/translate.h"

static int run(struct invocation *v)
{
	return console_start(&v->options, &translation_zh, &v->err);
}

const struct command cmd_console_run = {
	.name = "console run",
	.summary = { "serve the API, the web pages and the agents",
		     "提供 API、网页并接收代理数据" },
	.detail = { "Keeps everything in one SQLite file below --state, or in PostgreSQL 15 or "
		    "later. Consoles that share a PostgreSQL "
		    "database hold nothing of their own: run two behind one address, end either, "
		    "and nobody is signed out.\n\n"
		    "Speaks TLS. Without --tls-cert the certificate comes from an authority of its "
		    "own, made at the first start; agents "
		    "trust that authority by their token. With a certificate of yours, agents are "
		    "told your authorities with --console-ca. "
		    "The first start prints a password, which must be changed at the first "
		    "sign-in.\n\n"
		    "SIGHUP reads certificates again. SIGTERM ends it: what was asked is answered "
		    "first. /healthz answers while it runs, /readyz "
		    "while the database answers and can be written too, /metrics to this host "
		    "alone. Needs no rights "
		    "but to its folder: run it as a user of "
		    "its own (dist/systemd/skep-console.service).",
		    "数据全部存于 --state 下的一个 SQLite 文件，或 PostgreSQL 15 及以"
		    "上。共用同一 PostgreSQL 数据库的多个控制台自身不保存状态：可在同"
		    "一地址后运行两个，任一退出都不会让用户掉线。\n\n使用 TLS。未给出"
		    " --tls-cert 时，证书由首次启动时自建的 CA 签发；代理凭令牌信任该"
		    " CA。使用自备证书时，代理以 --console-ca 指定您的 CA。首次启动会"
		    "打印密码，首次登录时须修改。\n\nSIGHUP 重新读取证书。SIGTERM 结束"
		    "：先答复已收到的请求。进程运行时 /healthz 应答，数据库也可用且可"
		    "写时 /readyz 应答，/metrics 仅供本机访问。除数据目录外不需要任何"
		    "权限：请以专用用户运行（dist/systemd/skep-console.service）。" },
	.examples = { { "sudo -u skep skep console run --state /srv/console --listen "
			"127.0.0.1:8443",
			{ "on this host, for trying out", "在本机试用" } },
		      { "sudo -u skep skep console run --database @/etc/skep/db "
			"--name c.example",
			{ "one of several, on PostgreSQL", "使用 PostgreSQL 的多个控制台之一" } },
		      { "sudo -u skep skep console run --tls-cert chain.pem --tls-key "
			"key.pem",
			{ "with a certificate of one's own", "使用自备证书" } } },
	.options = { console_state_options, console_options, console_alone_options },
	.run = run,
};
