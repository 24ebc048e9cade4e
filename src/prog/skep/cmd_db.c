#include "prog/skep/command.h"

const struct command cmd_db = {
	.name = "db",
	.summary = { "look after the vulnerability database", "管理漏洞库" },
	.detail = { "A scan never touches the network. It uses the file given with --db, else "
		    "~/.local/share/skep/vulndb.skdb, else /var/lib/skep/vulndb.skdb, else the "
		    "snapshot that came with skep.",
		    "扫描从不访问网络。依次使用 --db 指定的文件、~/.local/share/skep/vulndb.skdb、"
		    "/var/lib/skep/vulndb.skdb，以及 skep 自带的快照。" },
};
