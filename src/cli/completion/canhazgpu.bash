# Completion of canhazgpu for bash. To have it at once: source <(canhazgpu completion bash)

_canhazgpu() {
  # The words as they were typed: bash also splits them at = and :
  local left=${COMP_LINE:0:COMP_POINT} words=() starts=() index word
  for ((index = 0; index <= COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    if ((index == 0)) || [[ $left == [[:space:]]* ]]; then
      left=${left#"${left%%[![:space:]]*}"}
      words+=('') starts+=("$index")
    fi
    ((index < COMP_CWORD)) || word=$left
    words[-1]+=$word
    left=${left#"$word"}
  done
  local typed=${words[-1]} program=${words[0]}
  [[ $program != '~/'* ]] || program=$HOME/${program:2}

  # What stands before the last = or : stays as it is, where bash splits there.
  local kept=
  [[ $COMP_WORDBREAKS != *=* ]] || kept=${typed%"${typed##*=}"}
  [[ $COMP_WORDBREAKS != *:* || $typed != *:* ]] || kept=${typed%"${typed##*[=:]}"}

  local kind lines=()
  { read -r kind && mapfile -t lines; } < <("$program" complete "${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  case $kind in
    words)
      for word in "${lines[@]}"; do
        word=${word%% *}
        COMPREPLY+=("${word#"$kept"}")
      done
      ;;
    files)
      compopt -o filenames 2>/dev/null
      [[ $typed != --*=* ]] || typed=${typed#*=}
      mapfile -t COMPREPLY < <(compgen -f -- "$typed")
      ;;
    command\ *)
      index=$((${kind#command } + 1))
      if declare -F _command_offset >/dev/null; then
        _command_offset "${starts[index]}"
      elif ((index == ${#words[@]} - 1)); then
        mapfile -t COMPREPLY < <(compgen -c -- "$typed" | sort -u)
      else
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$typed")
      fi
      ;;
  esac
}

complete -F _canhazgpu canhazgpu chg
