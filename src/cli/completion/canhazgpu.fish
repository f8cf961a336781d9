# Completion of canhazgpu for fish. To have it at once: canhazgpu completion fish | source

function __canhazgpu_complete
    set -l typed (commandline -ct)
    set -l words (commandline -opc)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -e words[1]
    type -q $program; or return
    set -l lines ($program complete $words "$typed" 2>/dev/null)
    set -l kind $lines[1]
    set -e lines[1]
    switch "$kind"
        case words
            for line in $lines
                string replace ' ' \t -- $line
            end
        case files
            __fish_complete_path "$typed"
        case 'command *'
            for word in (seq (string sub -s 9 -- $kind))
                set -e words[1]
            end
            set -q words[1]; and set words (string escape -- $words)
            complete -C(string join ' ' -- $words "$typed")
    end
end

complete -c canhazgpu -f -a '(__canhazgpu_complete)'
complete -c chg -f -a '(__canhazgpu_complete)'
