#include "prog/skep/command.h"
#include "prog/skep/complete.h"

static const char bash_script[] =
	"_skep() {\n"
	"	local IFS=$'\\n' line\n"
	"	local -a lines\n"
	"	COMPREPLY=()\n"
	"	mapfile -t lines < <(\"$1\" completion candidates -- "
	"\"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
	"	local typed=${COMP_WORDS[COMP_CWORD]}\n"
	"	[ \"$typed\" = = ] && typed=\n"
	"	case ${lines[0]-} in\n"
	"	:file) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$typed\")) ;;\n"
	"	:dir) compopt -o filenames; COMPREPLY=($(compgen -d -- \"$typed\")) ;;\n"
	"	*) for line in \"${lines[@]}\"; do COMPREPLY+=(\"${line%%$'\\t'*}\"); done ;;\n"
	"	esac\n"
	"}\n"
	"complete -F _skep skep\n";

static const char zsh_script[] =
	"#compdef skep\n"
	"_skep() {\n"
	"	local -a lines items\n"
	"	local line\n"
	"	lines=(\"${(@f)$(\"${words[1]}\" completion candidates -- "
	"\"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
	"	case ${lines[1]} in\n"
	"	:file) _files; return ;;\n"
	"	:dir) _files -/; return ;;\n"
	"	esac\n"
	"	for line in $lines; do\n"
	"		items+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
	"	done\n"
	"	_describe skep items\n"
	"}\n"
	"if [ \"$funcstack[1]\" = _skep ]; then _skep \"$@\"; else compdef _skep skep; fi\n";

static const char fish_script[] =
	"function __skep_candidates\n"
	"	set -l words (commandline -opc) (commandline -ct)\n"
	"	set -l lines ($words[1] completion candidates -- $words[2..-1] 2>/dev/null)\n"
	"	switch \"$lines[1]\"\n"
	"		case ':file'\n"
	"			__fish_complete_path (commandline -ct)\n"
	"		case ':dir'\n"
	"			__fish_complete_directories (commandline -ct)\n"
	"		case '*'\n"
	"			printf '%s\\n' $lines\n"
	"	end\n"
	"end\n"
	"complete -c skep -f -a '(__skep_candidates)'\n";

static int run(struct invocation *v)
{
	static const struct {
		const char *shell, *script;
	} scripts[] = { { "bash", bash_script }, { "zsh", zsh_script }, { "fish", fish_script } };
	OWNED_BUF text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
		if (v->arg_count == 1 && strcmp(v->args[0], scripts[i].shell) == 0) {
			fputs(scripts[i].script, v->out);
			return EXIT_CODE_OK;
		}
	/* The scripts' own way in; people have no use for it. */
	if (strcmp(v->args[0], "candidates") == 0) {
		complete_words(&text, v->args + 1, v->arg_count - 1, v->lang);
		fputs(buf_cstr(&text), v->out);
		return EXIT_CODE_OK;
	}
	return err_set(&v->err, EINVAL, "skep completion: '%s' is none of bash, zsh, fish",
		       v->args[0]);
}

const struct command cmd_completion = {
	.name = "completion",
	.summary = { "print the completion script of a shell", "输出 shell 补全脚本" },
	.detail = { "bash:  skep completion bash > /etc/bash_completion.d/skep\n"
		    "zsh:   skep completion zsh > \"${fpath[1]}/_skep\"\n"
		    "fish:  skep completion fish > ~/.config/fish/completions/skep.fish",
		    NULL },
	.arguments = "bash|zsh|fish",
	.choices = "bash|zsh|fish",
	.min_args = 1,
	.max_args = 4096,
	.examples = { { "source <(skep completion bash)",
			{ "in this shell, now", "立即在当前 shell 生效" } } },
	.run = run,
};
