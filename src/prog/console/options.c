#include "prog/console/console.h"

const struct option_def console_state_options[] = {
	{ .name = "state",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "DIR",
	  .fallback = "/var/lib/skep/console",
	  .complete = OPTION_COMPLETE_DIR,
	  .help = { "where the console keeps its store (SQLite) and certificates",
		    "控制台数据库（SQLite）与证书的存放目录" } },
	{ 0 },
};

const struct option_def console_options[] = {
	{ .name = "listen",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "ADDRESS:PORT",
	  .fallback = ":8443",
	  .help = { "where browsers and agents reach it", "浏览器与 agent 访问的地址" } },
	{ .name = "database",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "URL",
	  .help = { "postgresql://...: several consoles may share it; @FILE keeps its password off "
		    "the command line",
		    "postgresql://…：可由多个控制台共用；用 @文件 可避免口令出现在命令行" } },
	{ .name = "name",
	  .type = OPTION_LIST,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "HOST",
	  .help = { "more names and addresses for its own certificate",
		    "自签证书包含的其他主机名与地址" } },
	{ .name = "trusted-proxy",
	  .type = OPTION_LIST,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "NETWORK",
	  .help = { "proxies and load balancers in this network are believed when they tell for "
		    "whom "
		    "they speak: the audit log, waits after failed sign-ins and limits then know "
		    "that "
		    "address. Nobody is by itself",
		    "信任该网段内的代理与负载均衡所告知的客户端地址，用于审计日志、登录失败等待与限"
		    "流；缺省不信任任何代理" } },
	{ .name = "proxy-tells",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "HOW",
	  .fallback = "x-forwarded-for",
	  .rare = true,
	  .help = { "how trusted proxies tell it: x-forwarded-for, forwarded (RFC 7239) or "
		    "proxy-protocol (version 2, before TLS: agents may come this way). The others "
		    "are "
		    "not believed",
		    "受信代理的告知方式：x-forwarded-for、forwarded（RFC 7239）或 "
		    "proxy-protocol（第 2 版，位于 "
		    "TLS 之前，agent 也可经此接入）；其余方式不予采信" } },
	{ .name = "notify-allow",
	  .type = OPTION_LIST,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "NETWORK",
	  .help = { "alerts may be told and registries watched in this network, too: by itself "
		    "none at link-local or cloud metadata addresses, and no alert goes to this "
		    "host (127.0.0.0/8)",
		    "允许向该网段发送通知、连接镜像仓库：缺省不连接链路本地与云元数据地址，也不向本"
		    "机"
		    "（127.0.0.0/8）发送通知" } },
	{ .name = "replace-secret-key",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_CONSOLE,
	  .help = { "the file secret.key of this database is lost: go on with the one there is, "
		    "once; "
		    "what the other sealed must be given anew",
		    "本数据库的 secret.key "
		    "文件已丢失：以现有文件继续（仅需一次），由原密钥密封的内容须重新提供" } },
	{ .name = "separate-duties",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_CONSOLE,
	  .help = { "administrator, security administrator and auditor are different people (MLPS)",
		    "三权分立：系统管理员、安全管理员、审计员互不兼任（等保）" } },
	{ .name = "sign-in",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "FILE",
	  .complete = OPTION_COMPLETE_FILE,
	  .help = { "LDAP directory and OpenID Connect provider, and which groups hold which roles",
		    "LDAP 目录与 OpenID Connect 身份提供方，以及用户组对应的角色" } },
	{ .name = "ui-dir",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "DIR",
	  .complete = OPTION_COMPLETE_DIR,
	  .rare = true,
	  .help = { "serve the pages in this folder instead of those it carries",
		    "使用该目录中的网页，代替内置网页" } },
	{ .name = "workers",
	  .type = OPTION_U64,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "N",
	  .fallback = "8",
	  .rare = true,
	  .help = { "threads that answer, 2 to 64", "应答线程数，2 至 64" } },
	{ .name = "max-connections",
	  .type = OPTION_U64,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "N",
	  .fallback = "8192",
	  .rare = true,
	  .help = { "connections at a time", "同时连接数上限" } },
	{ .name = "max-per-address",
	  .type = OPTION_U64,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "N",
	  .fallback = "512",
	  .rare = true,
	  .help = { "connections from one address, agents' not counted",
		    "单一地址的连接数上限（不含 agent）" } },
	{ 0 },
};

const struct option_def console_alone_options[] = {
	{ .name = "tls-cert",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "FILE",
	  .complete = OPTION_COMPLETE_FILE,
	  .help = { "certificate with those between it and its authority (PEM), instead of one of "
		    "its own; SIGHUP reads it again",
		    "自备证书链（PEM），代替自签证书；SIGHUP 重新读取" } },
	{ .name = "tls-key",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "FILE",
	  .complete = OPTION_COMPLETE_FILE,
	  .help = { "its key (PEM), when it is not in the same file",
		    "证书的私钥（PEM），若不在同一文件中" } },
	{ .name = "plain",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_CONSOLE,
	  .help = { "no TLS: only behind a proxy on the same host, at 127.0.0.1; agents cannot "
		    "join",
		    "不使用 TLS：仅用于同一主机的代理之后（127.0.0.1）；agent 无法加入" } },
	{ .name = "log",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "FILE",
	  .complete = OPTION_COMPLETE_FILE,
	  .help = { "append what it says to this file; standard error otherwise",
		    "日志追加写入该文件；缺省为标准错误" } },
	{ 0 },
};
