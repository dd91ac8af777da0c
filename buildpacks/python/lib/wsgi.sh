# The WSGI application that gunicorn serves where there is no Procfile. Sourced by bin/compile and bin/release.

# Given BUILD_DIR, print the folder of Django's manage.py: the top, or one or two below.
django_folder() {
    (cd "$1" && find . -maxdepth 3 -name manage.py -not -path '*/.*/*' -not -path '*/node_modules/*' -printf '%d %h\n') |
        sort -n | head -n 1 | cut -d' ' -f2
}

# Given BUILD_DIR, print gunicorn's arguments: of Django's project, or of app.py and its like; fail where there is none.
wsgi_arguments() {
    local folder file name
    folder=$(django_folder "$1")
    if [[ -n $folder ]]; then
        file=$(cd "$1/$folder" && find . -mindepth 2 -maxdepth 2 -name wsgi.py -not -path './.*/*' | sort | head -n 1)
        if [[ -n $file ]]; then
            file=${file#./}
            [[ $folder == . ]] || printf -- '--chdir %s ' "${folder#./}"
            echo "${file%/wsgi.py}.wsgi"
            return
        fi
    fi
    for file in wsgi.py app.py main.py application.py; do
        [[ -f $1/$file ]] || continue
        for name in application app; do
            if grep -qE "^$name\s*(:.*)?=[^=]|^from .* import (.*[ ,])?$name\s*($|[,#])" "$1/$file"; then
                echo "${file%.py}:$name"
                return
            fi
        done
        if grep -qE '^def create_app\((\)|[^,]*=)' "$1/$file"; then
            echo "'${file%.py}:create_app()'"
            return
        fi
    done
    return 1
}
