/* Fields have Falco's values; what is not known is UNKNOWN, what cannot be is ABSENT. */
#include "event_bench.h"

#include "watch/probe.h"

static struct policy_ref ref_of(const char *name)
{
	struct policy_ref r = { 0 };
	const char *bracket = strchr(name, '[');
	size_t n = bracket ? (size_t)(bracket - name) : strlen(name);

	for (r.field = 0; r.field < FIELD_COUNT; r.field++)
		if (str_is((str){ name, n }, policy_events.fields[r.field].name))
			break;
	if (r.field == FIELD_COUNT && strncmp(name, "evt.arg.", 8) == 0) {
		r.field = FIELD_EVT_ARG;
		r.key = str_from(name + 8);
	}
	assert_true(r.field < FIELD_COUNT);
	if (bracket) {
		r.key = str_take(str_from(bracket + 1), strlen(bracket) - 2);
		r.has_index = policy_events.fields[r.field].arg == POLICY_ARG_INDEX_OPT &&
			      str_u32(r.key, &r.index) == 0;
	}
	return r;
}

static void is(struct bench *b, const char *name, const char *want)
{
	struct policy_ref r = ref_of(name);
	struct policy_value v = { 0 };
	struct event_target t;
	OWNED_BUF got = BUF_INIT;

	scratch_reset(&b->scratch);
	event_target_init(&t, &b->world, &b->event, b->container);
	t.target.get(&t.target, &r, &v);
	if (v.state == POLICY_ABSENT)
		buf_add(&got, S("<absent>"));
	else if (v.state == POLICY_UNKNOWN)
		buf_add(&got, S("<unknown>"));
	for (uint32_t i = 0; v.state == POLICY_KNOWN && i < v.count; i++) {
		if (i)
			buf_byte(&got, '|');
		add_value(&got, &policy_events.fields[r.field], &r, &v, i);
	}
	if (!str_is(buf_str(&got), want))
		fail_msg("%s: got '%s', want '%s'", name, buf_cstr(&got), want);
}

#define INIT \
	"{'type':'execve','task':{'pid':1,'start':1},'exec':{'comm':'systemd','exePath':'/sbin/" \
	"init'," \
	"'args':['/sbin/init'],'sid':1,'vpid':1}}"
#define RUNC \
	"{'type':'execve','task':{'pid':50,'start':50},'exec':{'parent':{'pid':1,'start':1},'" \
	"comm':'runc','vpid':50," \
	"'exePath':'/usr/bin/runc','args':['runc','create'],'sid':50}}"
#define NGINX \
	"{'type':'execve','task':{'pid':60,'start':60},'exec':{'parent':{'pid':50,'start':50},'" \
	"comm':'nginx','vpid':1," \
	"'exePath':'/usr/sbin/nginx','args':['nginx','-g','daemon " \
	"off;'],'cwd':'/','sid':60,'pgid':60,'vpgid':1,'vsid':1}}"
#define SHELL \
	"{'type':'execve','time':4000,'number':7,'task':{'pid':61,'start':2000},'tid':61,'cpu':1," \
	"'user':33,'res':0," \
	"'exec':{'parent':{'pid':60,'start':60},'comm':'sh','exePath':'/bin/" \
	"dash','args':['sh','-c','id && ls'],'env':" \
	"['PATH=/bin','HOME=/root'],'cwd':'/" \
	"tmp','exeFlags':6,'exeInode':12,'exeCtime':2500,'exeMtime':2400,'user':33," \
	"'realUser':33,'tty':34816,'vpid':7,'vppid':1,'vpgid':7,'vsid':1,'pgid':61,'sid':60,'" \
	"caps':{'effective':2097153}}}"

/* An engine tells of a start when the first process has long begun. */
static void known_by_first_process(struct bench *b)
{
	struct container known = web;

	b->container = &known;
	known.init_pid = 60;
	is(b, "proc.exe_ino.ctime_duration_pidns_start", "1440");
	known.init_pid = 61;
	is(b, "proc.exe_ino.ctime_duration_pidns_start", "<absent>");
	b->container = &web;
}

static void test_process(void **state)
{
	struct bench *b = *state;

	happens(b, INIT);
	happens(b, RUNC);
	happens(b, NGINX);
	happens(b, SHELL);
	is(b, "evt.type", "execve");
	is(b, "evt.num", "7");
	is(b, "evt.res", "SUCCESS");
	is(b, "evt.hostname", "node1");
	is(b, "evt.category", "process");
	is(b, "evt.is_open_write", "false");
	is(b, "proc.name", "sh");
	is(b, "proc.exe", "sh");
	is(b, "proc.exepath", "/bin/dash");
	is(b, "proc.cmdline", "sh -c id && ls");
	is(b, "proc.exeline", "sh -c id && ls");
	is(b, "proc.args", "-c id && ls");
	is(b, "proc.nargs", "2");
	is(b, "proc.cwd", "/tmp/");
	is(b, "proc.env", "PATH=/bin HOME=/root");
	is(b, "proc.env[HOME]", "/root");
	is(b, "proc.env[HOM]", "<absent>");
	is(b, "proc.pid", "61");
	is(b, "proc.ppid", "60");
	is(b, "proc.pname", "nginx");
	is(b, "proc.pcmdline", "nginx -g daemon off;");
	is(b, "proc.aname", "nginx|runc|systemd");
	is(b, "proc.aname[0]", "sh");
	is(b, "proc.aname[2]", "runc");
	is(b, "proc.aname[4]", "<absent>");
	is(b, "proc.apid", "60|50|1");
	is(b, "proc.apid[1]", "60");
	is(b, "proc.apid[9]", "<absent>");
	is(b, "proc.sname", "nginx");
	is(b, "proc.loginshellid", "61");
	is(b, "proc.tty", "34816");
	is(b, "proc.vpid", "7");
	is(b, "proc.pvpid", "1");
	is(b, "proc.is_vpgid_leader", "true");
	is(b, "proc.is_sid_leader", "false");
	is(b, "proc.is_exe_upper_layer", "true");
	is(b, "proc.is_script", "<unknown>");
	is(b, "proc.is_stdin_network", "<unknown>");
	is(b, "proc.is_script_upper_layer", "<unknown>");
	is(b, "proc.is_exe_from_memfd", "false");
	is(b, "proc.exe_ino.ctime", "2500");
	is(b, "proc.exe_ino.ctime_duration_proc_start", "500");
	is(b, "proc.exe_ino.ctime_duration_pidns_start", "<absent>");
	known_by_first_process(b);
	is(b, "proc.duration", "1000");
	is(b, "proc.pid.ts", "3000");
	is(b, "proc.is_container_entry", "false");
	is(b, "proc.stdin.type", "<unknown>");
	is(b, "thread.cap_effective", "CAP_CHOWN CAP_SYS_ADMIN");
	is(b, "thread.cap_permitted", "");
	is(b, "user.name", "www-data");
	is(b, "user.uid", "33");
	is(b, "user.homedir", "");
	is(b, "user.shell", "");
	is(b, "user.loginuid", "-1");
	is(b, "user.loginname", "<NA>");
	is(b, "evt.arg.flags", "EXE_UPPER_LAYER|EXE_LOWER_LAYER");
	is(b, "evt.arg.exe", "sh");
	is(b, "evt.arg.cap_effective", "CAP_CHOWN CAP_SYS_ADMIN");
	is(b, "evt.arg.nonsense", "<absent>");
	is(b, "fd.name", "<absent>");
	is(b, "fs.path.name", "<absent>");
	is(b, "dns.name", "<absent>");
	is(b, "usage.cpu", "<absent>");
}

/* What changed since and was not told is not known, rather than what it was. */
static void test_changed_since(void **state)
{
	struct bench *b = *state;

	happens(b, SHELL);
	is(b, "proc.env[NO_SUCH]", "<absent>");
	happens(b,
		"{'type':'openat','task':{'pid':61,'start':2000},'tid':61,'user':33,'path':'/x'}");
	is(b, "thread.cap_effective", "CAP_CHOWN CAP_SYS_ADMIN");
	is(b, "user.ruid", "33");
	happens(b,
		"{'type':'openat','task':{'pid':61,'start':2000},'tid':61,'user':34,'path':'/x'}");
	is(b, "thread.cap_effective", "<unknown>");
	is(b, "user.ruid", "<unknown>");
	is(b, "user.uid", "34");
	happens(b, "{'type':'capset','task':{'pid':61,'start':2000},'tid':61,'user':34,'caps':{'"
		   "effective':1}}");
	is(b, "thread.cap_effective", "CAP_CHOWN");
	happens(b, NGINX);
	is(b, "proc.env", "<unknown>");
	is(b, "proc.env[PATH]", "<unknown>");
}

static struct container shop = {
	.runtime = CONTAINER_DOCKER,
	.known = CONTAINER_IDENTITY | CONTAINER_METADATA | CONTAINER_POD | CONTAINER_HEALTHCHECK,
	.id = { "shop", 4 },
	.healthcheck = { "/bin/sh -c wget -q localhost", 28 },
};

#define BEGINS(pid, parent, vpid, vppid, rest) \
	"{'type':'execve','cgroup':7,'task':{'pid':" #pid ",'start':" #pid \
	"},'exec':{'parent':{'pid':" #parent ",'start':" #parent "},'comm':'x','vpid':" #vpid \
	",'vppid':" #vppid "," rest "}}"
#define FORKS(pid, parent, vpid, vppid) \
	"{'type':'fork','cgroup':7,'task':{'pid':" #pid ",'start':" #pid \
	"},'exec':{'parent':{'pid':" #parent ",'start':" #parent "},'comm':'x','vpid':" #vpid \
	",'vppid':" #vppid "}}"
#define CHECK "'args':['/bin/sh','-c','wget -q localhost']"

static void begins(struct bench *b, const char *text)
{
	happens(b, text);
	if (event_type_family(b->event.type) == EVENT_FAMILY_EXEC)
		probe_settle(b->tree, b->event.task, &shop);
}

/* A health check is what was brought in to run just its command, with all it starts; nothing else becomes one. */
static void test_probes(void **state)
{
	struct bench *b = *state;

	b->container = &shop;
	begins(b, BEGINS(100, 90, 1, 0, "'args':['server']"));
	is(b, "proc.is_container_healthcheck", "false");
	begins(b, BEGINS(101, 90, 20, 0, CHECK));
	is(b, "proc.is_container_entry", "true");
	is(b, "proc.is_container_healthcheck", "true");
	is(b, "proc.is_container_liveness_probe", "false");
	begins(b, FORKS(102, 101, 21, 20));
	begins(b, BEGINS(102, 101, 21, 20, "'args':['wget','-q','localhost']"));
	is(b, "proc.is_container_healthcheck", "true");
	is(b, "proc.is_container_entry", "false");
	/* The container's own, with the same command. */
	begins(b, FORKS(103, 100, 22, 1));
	begins(b, BEGINS(103, 100, 22, 1, CHECK));
	is(b, "proc.is_container_healthcheck", "false");
	/* Brought in for something else, and only then the command. */
	begins(b, BEGINS(104, 90, 23, 0, "'args':['sh']"));
	is(b, "proc.is_container_healthcheck", "false");
	begins(b, BEGINS(104, 90, 23, 0, CHECK));
	is(b, "proc.is_container_healthcheck", "false");
	begins(b, BEGINS(105, 90, 24, 0, "'args':['/bin/sh','-c','wget -q localhost','x']"));
	is(b, "proc.is_container_healthcheck", "false");
	is(b, "container.healthcheck", "/bin/sh -c wget -q localhost");
	is(b, "container.liveness_probe", "<absent>");
	/* A pod whose specification nobody told. */
	shop.pod_name = S("web-0");
	begins(b, BEGINS(106, 90, 25, 0, "'args':['cat','/x']"));
	is(b, "proc.is_container_liveness_probe", "<unknown>");
	is(b, "container.liveness_probe", "<unknown>");
	is(b, "proc.is_container_healthcheck", "<unknown>");
	shop.known |= CONTAINER_PROBES;
	shop.readiness_probe = S("cat /x");
	begins(b, BEGINS(107, 90, 26, 0, "'args':['cat','/x']"));
	is(b, "proc.is_container_readiness_probe", "true");
	is(b, "proc.is_container_liveness_probe", "false");
	b->container = &web;
}

#define TOLD(fd) "{'type':'stdio','task':{'pid':61,'start':2000},'fd':" fd "}"

static void test_asked_of_the_caller(void **state)
{
	struct bench *b = *state;

	happens(b, SHELL);
	is(b, "proc.nthreads", "<unknown>");
	is(b, "proc.stdin.type", "<unknown>");
	is(b, "proc.stdin.name", "<unknown>");
	happens(b, TOLD("{'number':0,'kind':'4','role':'server','local':'10.0.0.2:22',"
			"'remote':'10.0.0.9:5000'}"));
	happens(b, TOLD("{'number':1,'kind':'p','inode':77}"));
	happens(b, TOLD("{'number':2}"));
	happens(b, "{'type':'openat','task':{'pid':61,'start':2000},'path':'/x','cwd':'/srv',"
		   "'threads':3,'res':3}");
	is(b, "proc.stdin.type", "ipv4");
	is(b, "proc.stdin.name", "10.0.0.9:5000->10.0.0.2:22");
	is(b, "proc.stdout.type", "pipe");
	is(b, "proc.stdout.name", "pipe:[77]");
	is(b, "proc.stderr.type", "<absent>");
	is(b, "proc.stderr.name", "<absent>");
	is(b, "proc.cwd", "/srv/");
	is(b, "proc.nthreads", "3");
	happens(b, TOLD("{'number':0,'kind':'f','path':'/dev/null'}"));
	happens(b, TOLD("{'number':1,'kind':'u'}"));
	happens(b, "{'type':'fork','task':{'pid':62,'start':2100},'res':62,'exec':"
		   "{'parent':{'pid':61,'start':2000},'comm':'sh','vpid':9,'vppid':7}}");
	is(b, "proc.stdin.name", "/dev/null");
	is(b, "proc.stdout.type", "unix");
	is(b, "proc.stdout.name", "<absent>");
}

static void test_unknown_parent(void **state)
{
	struct bench *b = *state;

	happens(b, SHELL);
	is(b, "proc.pname", "<unknown>");
	is(b, "proc.aname", "<unknown>");
	is(b, "proc.aname[2]", "<unknown>");
	is(b, "proc.ppid", "60");
	is(b, "proc.apid", "60");
	/* One nobody ever told of. */
	happens(b, "{'type':'openat','task':{'pid':99,'start':9},'path':'/etc/passwd','res':3}");
	is(b, "proc.name", "<unknown>");
	is(b, "proc.vpid", "<unknown>");
	is(b, "proc.cmdline", "<unknown>");
	is(b, "proc.pid", "99");
	is(b, "fd.name", "/etc/passwd");
}

static void test_files(void **state)
{
	struct bench *b = *state;

	happens(b, "{'type':'openat','task':{'pid':5,'start':5},'path':'/etc/shadow','raw':'../"
		   "shadow','flags':577,"
		   "'mode':420,'res':3,'fd':{'number':3,'kind':'f','inode':9,'device':2049}}");
	is(b, "evt.is_open_write", "true");
	is(b, "evt.is_open_read", "false");
	is(b, "evt.is_open_create", "true");
	is(b, "evt.is_open_exec", "false");
	is(b, "fd.name", "/etc/shadow");
	is(b, "fd.nameraw", "../shadow");
	is(b, "fd.directory", "/etc");
	is(b, "fd.filename", "shadow");
	is(b, "fd.containername", "3ad7b26ded6d:/etc/shadow");
	is(b, "fd.containerdirectory", "3ad7b26ded6d:/etc");
	is(b, "fd.typechar", "f");
	is(b, "fd.type", "file");
	is(b, "fd.num", "3");
	is(b, "fd.dev.major", "8");
	is(b, "fd.ip", "<absent>");
	is(b, "fd.l4proto", "<absent>");
	is(b, "fs.path.name", "/etc/shadow");
	is(b, "fs.path.written", "/etc/shadow");
	is(b, "evt.arg.flags", "O_TRUNC|O_CREAT|O_WRONLY");
	is(b, "evt.rawarg[flags]", "577");
	is(b, "evt.arg.mode", "S_IROTH|S_IRGRP|S_IWUSR|S_IRUSR");
	is(b, "evt.arg.fd", "<f>/etc/shadow");
	is(b, "evt.arg[1]", "/etc/shadow");
	is(b, "evt.args",
	   "fd=<f>/etc/shadow name=/etc/shadow flags=O_TRUNC|O_CREAT|O_WRONLY "
	   "mode=S_IROTH|S_IRGRP|S_IWUSR|S_IRUSR dev=2049 ino=9");
	happens(b, "{'type':'open','task':{'pid':5,'start':5},'path':'/nope','res':-13}");
	is(b, "evt.res", "EACCES");
	is(b, "evt.rawres", "-13");
	is(b, "fd.num", "-1");
	is(b, "fd.typechar", "f");
	is(b, "evt.is_open_read", "true");
	is(b, "fs.path.written", "<absent>");
	is(b, "evt.is_open_created", "false");
	is(b, "fd.is_upper_layer", "<absent>");
	happens(b, "{'type':'creat','task':{'pid':5,'start':5},'res':3}");
	is(b, "fs.path.written", "<unknown>");
	is(b, "evt.is_open_created", "<unknown>");
	is(b, "fd.is_upper_layer", "<unknown>");
	happens(b,
		"{'type':'creat','task':{'pid':5,'start':5},'path':'/a','flags':577,'res':3,'fd':"
		"{'number':3,'kind':'f','fileFlags':11}}");
	is(b, "evt.is_open_created", "true");
	is(b, "fd.is_upper_layer", "true");
	is(b, "fd.is_lower_layer", "false");
	is(b, "evt.arg.flags", "O_TRUNC|O_CREAT|O_WRONLY|O_F_CREATED|FD_UPPER_LAYER");
	happens(b, "{'type':'openat','task':{'pid':5,'start':5},'path':'/a','res':3,'fd':"
		   "{'number':3,'kind':'f','fileFlags':5}}");
	is(b, "evt.is_open_created", "false");
	is(b, "fd.is_upper_layer", "false");
	is(b, "fd.is_lower_layer", "true");
	is(b, "evt.arg.flags", "O_RDONLY|FD_LOWER_LAYER");
	happens(b, "{'type':'renameat2','task':{'pid':5,'start':5},'path':'/a/x','path2':'/b/y'}");
	is(b, "evt.arg.oldpath", "/a/x");
	is(b, "evt.arg.newpath", "/b/y");
	is(b, "fs.path.source", "/a/x");
	is(b, "fs.path.target", "/b/y");
	is(b, "fs.path.written", "/b/y");
	is(b, "fs.path.name", "<absent>");
	is(b, "fd.num", "<absent>");
	happens(b,
		"{'type':'symlinkat','task':{'pid':5,'start':5},'path':'/etc','path2':'/tmp/l'}");
	is(b, "evt.arg.target", "/etc");
	is(b, "evt.arg.linkpath", "/tmp/l");
	is(b, "fs.path.source", "/tmp/l");
	is(b, "fs.path.written", "/tmp/l");
	happens(b, "{'type':'fchmodat','task':{'pid':5,'start':5},'path':'/tmp/x','mode':2541}");
	is(b, "evt.arg.mode", "S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID");
	is(b, "evt.arg.filename", "/tmp/x");
	is(b, "fs.path.written", "<absent>");
}

static void test_scripts(void **state)
{
	struct bench *b = *state;

	happens(b, "{'type':'execve','task':{'pid':5,'start':5},'exec':{'comm':'x','exePath':'/bin/"
		   "sh',"
		   "'exeFlags':896,'vpid':1}}");
	is(b, "proc.is_script", "true");
	is(b, "proc.is_script_upper_layer", "true");
	is(b, "proc.is_exe_upper_layer", "false");
	happens(b, "{'type':'execve','task':{'pid':5,'start':5},'exec':{'comm':'x','exePath':'/bin/"
		   "sh',"
		   "'exeFlags':132,'vpid':1}}");
	is(b, "proc.is_script", "false");
	is(b, "proc.is_script_upper_layer", "false");
	happens(b, "{'type':'execve','task':{'pid':5,'start':5},'exec':{'comm':'x','exePath':'/bin/"
		   "sh',"
		   "'exeFlags':1540,'vpid':1}}");
	is(b, "proc.is_script", "true");
	is(b, "proc.is_stdin_network", "true");
	is(b, "proc.is_stdin_upper_layer", "false");
	is(b, "proc.is_script_upper_layer", "<unknown>");
}

/* What the process was started with: "PROGRAM ARGS", in /srv. */
static void opens(struct bench *b, const char *args, const char *raw, const char *expected)
{
	char text[512];

	snprintf(
		text, sizeof(text),
		"{'type':'execve','task':{'pid':5,'start':5},'exec':{'comm':'x','exePath':'/bin/x',"
		"'cwd':'/srv','args':['x',%s],'vpid':1}}",
		args);
	happens(b, text);
	snprintf(text, sizeof(text),
		 "{'type':'openat','task':{'pid':5,'start':5},'raw':'%s','res':3,'fd':"
		 "{'number':3,'kind':'f','fileFlags':3}}",
		 raw);
	happens(b, text);
	is(b, "evt.is_open_script", expected);
}

static void test_what_is_given_to_run(void **state)
{
	struct bench *b = *state;

	opens(b, "'run.sh'", "run.sh", "true");
	opens(b, "'run.sh','data'", "data", "false");
	opens(b, "'/srv/run.sh'", "/srv/run.sh", "true");
	opens(b, "'/srv/run.sh2'", "/srv/run.sh", "false");
	opens(b, "'run.py','now'", "/srv/run.py", "true");
	opens(b, "'./run.py'", "/srv/run.py", "true");
	opens(b, "'./run.py'", "/srv/./run.py", "true");
	opens(b, "'run.py'", "/src/run.py", "false");
	opens(b, "'a file','b'", "a file", "true");
	opens(b, "'-x','+e','run.sh'", "run.sh", "true");
	opens(b, "'-o','posix','run.sh'", "run.sh", "true");
	opens(b, "'-o','posix','run.sh','data'", "data", "false");
	opens(b, "'-e','1','data'", "data", "false");
	opens(b, "'-c','. ./conf.sh'", "./conf.sh", "false");
	opens(b, "'-c','. /srv/conf.sh','/srv/conf.sh'", "/srv/conf.sh", "false");
	opens(b, "'-m','tool','data'", "data", "false");
	opens(b, "'sh','run.sh'", "run.sh", "true");
	opens(b, "'-x'", "run.sh", "false");
	happens(b, "{'type':'openat','task':{'pid':77,'start':5},'raw':'run.sh','res':3}");
	is(b, "evt.is_open_script", "<unknown>");
	happens(b, "{'type':'openat','task':{'pid':77,'start':5},'raw':'run.sh','res':-2}");
	is(b, "evt.is_open_script", "false");
}

static void test_connections(void **state)
{
	struct bench *b = *state;

	happens(b, "{'type':'connect','task':{'pid':5,'start':5},'res':-115,'fd':{'number':4,'kind'"
		   ":'4','protocol':6,"
		   "'role':'client','local':'172.17.0.2:40000','remote':'1.2.3.4:443'}}");
	is(b, "evt.res", "EINPROGRESS");
	is(b, "fd.name", "172.17.0.2:40000->1.2.3.4:443");
	is(b, "fd.typechar", "4");
	is(b, "fd.l4proto", "tcp");
	is(b, "fd.sockfamily", "ip");
	is(b, "fd.ip", "172.17.0.2|1.2.3.4");
	is(b, "fd.sip", "1.2.3.4");
	is(b, "fd.cip", "172.17.0.2");
	is(b, "fd.sport", "443");
	is(b, "fd.lport", "40000");
	is(b, "fd.port", "40000|443");
	is(b, "fd.sip.name", "1.2.3.4");
	is(b, "fd.is_server", "false");
	is(b, "fd.directory", "<absent>");
	is(b, "evt.arg.fd", "<4t>172.17.0.2:40000->1.2.3.4:443");
	is(b, "evt.arg.tuple", "172.17.0.2:40000->1.2.3.4:443");
	happens(b, "{'type':'accept4','task':{'pid':5,'start':5},'res':5,'fd':{'number':5,'kind':'"
		   "6','protocol':6,"
		   "'connected':true,'local':'[::ffff:10.0.0.1]:80','remote':'[::ffff:10.0.0.2]:"
		   "999'}}");
	is(b, "fd.typechar", "4");
	is(b, "fd.name", "10.0.0.2:999->10.0.0.1:80");
	is(b, "fd.sip", "10.0.0.1");
	is(b, "fd.rip", "10.0.0.2");
	happens(b, "{'type':'sendto','task':{'pid':5,'start':5},'res':5,'fd':{'number':5,'kind':'4'"
		   ",'protocol':17,"
		   "'local':'0.0.0.0:5000','remote':'8.8.8.8:53'}}");
	is(b, "fd.ip", "8.8.8.8");
	is(b, "fd.connected", "false");
	is(b, "fd.name_changed", "true");
	happens(b, "{'type':'listen','task':{'pid':5,'start':5},'fd':{'number':5,'kind':'6','"
		   "protocol':6,"
		   "'local':'[::]:8080'}}");
	is(b, "fd.name", ":::8080");
	is(b, "fd.sport", "8080");
	is(b, "fd.cport", "<absent>");
	happens(b, "{'type':'connect','task':{'pid':5,'start':5},'fd':{'number':5,'kind':'u','path'"
		   ":'/run/x.sock'}}");
	is(b, "fd.name", "/run/x.sock");
	is(b, "fd.sockfamily", "unix");
	is(b, "fd.port", "<absent>");
}

static void test_rare_calls(void **state)
{
	struct bench *b = *state;

	happens(b, "{'type':'ptrace','task':{'pid':5,'start':5},'args':[16,1]}");
	is(b, "evt.arg.request", "PTRACE_ATTACH");
	happens(b, "{'type':'ptrace','task':{'pid':5,'start':5}}");
	is(b, "evt.arg.request", "PTRACE_TRACEME");
	happens(b, "{'type':'bpf','task':{'pid':5,'start':5},'args':[5]}");
	is(b, "evt.arg.cmd", "BPF_PROG_LOAD");
	is(b, "evt.rawarg[cmd]", "5");
	happens(b, "{'type':'socket','task':{'pid':5,'start':5},'args':[17,3,768]}");
	is(b, "evt.arg.domain", "AF_PACKET");
	happens(b, "{'type':'unshare','task':{'pid':5,'start':5},'flags':268435456}");
	is(b, "evt.arg.flags", "CLONE_NEWUSER");
	happens(b, "{'type':'setuid','task':{'pid':5,'start':5},'args':[33]}");
	is(b, "evt.arg.uid", "www-data");
	is(b, "evt.rawarg[uid]", "33");
	happens(b, "{'type':'mount','task':{'pid':5,'start':5},'path':'/mnt','path2':'/dev/"
		   "sda','text':'ext4','flags':4097}");
	is(b, "evt.arg.flags", "RDONLY|BIND");
	is(b, "evt.arg.dev", "/dev/sda");
	happens(b, "{'type':'dns','task':{'pid':5,'start':5},'text':'a.example','args':[28]}");
	is(b, "dns.name", "a.example");
	is(b, "dns.type", "AAAA");
	is(b, "evt.res", "<absent>");
	happens(b, "{'type':'recvfrom','task':{'pid':5,'start':5},'res':9,'text':'x','fd':{'number'"
		   ":1,'kind':'4'}}");
	is(b, "evt.buffer", "x");
	is(b, "evt.buflen", "9");
}

static void test_containers(void **state)
{
	struct bench *b = *state;

	happens(b, "{'type':'openat','time':9000,'task':{'pid':5,'start':5},'path':'/x','res':3}");
	is(b, "container.id", "3ad7b26ded6d");
	is(b, "container.name", "web");
	is(b, "container.privileged", "true");
	is(b, "container.image.repository", "docker.io/library/nginx");
	is(b, "container.image.tag", "<absent>");
	is(b, "container.mount.dest[/var/run/docker.sock]", "/docker.sock");
	is(b, "container.mount.dest[/var*]", "/docker.sock");
	is(b, "container.mount.dest[/proc*]", "N/A");
	is(b, "container.mount.source[/srv]", "/data");
	is(b, "container.mount[0]", "/data:/srv:rw:true:rprivate");
	is(b, "container.mounts",
	   "/data:/srv:rw:true:rprivate,/var/run/docker.sock:/docker.sock::false:");
	is(b, "container.label[app]", "shop");
	is(b, "container.labels", "app:shop");
	is(b, "container.duration", "4000");
	is(b, "container.info", "");
	is(b, "k8s.ns.name", "prod");
	is(b, "k8s.pod.name", "<absent>");
	b->container = &host;
	is(b, "container.id", "host");
	is(b, "container.name", "host");
	is(b, "container.image.repository", "<absent>");
	is(b, "container.privileged", "<absent>");
	is(b, "k8s.ns.name", "<absent>");
	b->container = &bare;
	is(b, "container.id", "0123456789ab");
	is(b, "container.privileged", "<unknown>");
	is(b, "container.name", "<unknown>");
	is(b, "k8s.ns.name", "<unknown>");
	b->container = NULL;
	is(b, "container.id", "<unknown>");
	is(b, "user.name", "<unknown>");
	is(b, "fd.containername", "<unknown>");
}

/* Every field answers for every type, whatever is known: nothing is forgotten in the groups. */
static void test_every_field(void **state)
{
	struct bench *b = *state;
	const struct container *containers[] = { NULL, &host, &web, &bare };
	static struct event_usage usage = { .cpu_percent = 3 };

	happens(b, SHELL);
	b->event.usage = &usage;
	for (unsigned int type = 0; type < EVENT_TYPE_COUNT; type++)
		for (uint16_t field = 0; field < FIELD_COUNT; field++)
			for (size_t c = 0; c < ARRAY_LEN(containers); c++) {
				struct policy_ref r = { .field = field, .key = S("0") };
				struct policy_value v = { .state = 99 };
				struct event_target t;

				b->event.type = (enum event_type)type;
				scratch_reset(&b->scratch);
				event_target_init(&t, &b->world, &b->event, containers[c]);
				t.target.get(&t.target, &r, &v);
				if (v.state > POLICY_UNKNOWN ||
				    (v.state == POLICY_KNOWN && !v.count))
					fail_msg("%s of %s", policy_events.fields[field].name,
						 event_type_name(b->event.type));
			}
}

static void test_json_round_trip(void **state)
{
	struct bench *b = *state;
	OWNED_BUF once = BUF_INIT, twice = BUF_INIT;
	struct json_out j;
	struct value v;
	struct event again;

	happens(b, SHELL);
	b->event.fd = (struct event_fd){
		.number = 3, .kind = EVENT_FD_IPV6, .role = 's', .local = { .ip = { 1 }, .port = 7 }
	};
	b->event.arg[1] = -5;
	json_out_init(&j, &once, false);
	event_render(&b->event, &j);
	assert_int_equal(json_parse(buf_str(&once), &b->arena, &v, NULL), 0);
	assert_int_equal(event_parse(&v, &b->arena, &again, NULL), 0);
	json_out_init(&j, &twice, false);
	event_render(&again, &j);
	assert_str(buf_str(&twice), buf_cstr(&once));
	assert_true(again.exec && again.exec->args.n == b->event.exec->args.n);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_process),
		TEST(test_asked_of_the_caller),
		TEST(test_probes),
		TEST(test_changed_since),
		TEST(test_unknown_parent),
		TEST(test_files),
		TEST(test_connections),
		TEST(test_scripts),
		TEST(test_what_is_given_to_run),
		TEST(test_rare_calls),
		TEST(test_containers),
		TEST(test_every_field),
		TEST(test_json_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
