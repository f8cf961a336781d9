#compdef canhazgpu chg
# Completion of canhazgpu for zsh: a file _canhazgpu in a directory of $fpath. To have it at once: source <(canhazgpu completion zsh)

_canhazgpu() {
  local program=${(Q)words[1]} kind line
  [[ $program != '~/'* ]] || program=$HOME/${program#'~/'}
  local -a lines candidates
  lines=("${(@f)$("$program" complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
  kind=$lines[1]
  case $kind in
    words)
      for line in "${(@)lines[2,-1]}"; do
        # A colon would begin the description.
        candidates+=("${${line%% *}//:/\\:}${${(M)line:#* *}:+:${line#* }}")
      done
      _describe -V 'canhazgpu' candidates
      ;;
    files)
      [[ $PREFIX != --*=* ]] || compset -P '*='
      _files
      ;;
    command\ *)
      shift $((${kind#command } + 1)) words
      ((CURRENT -= ${kind#command } + 1))
      _normal
      ;;
  esac
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _canhazgpu "$@"
else
  compdef _canhazgpu canhazgpu chg
fi
