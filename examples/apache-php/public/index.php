<?php
header('Content-Type: text/plain; charset=utf-8');
printf("%s from %s\n", getenv('GREETING') ?: 'Hello', getenv('MOORING_RELEASE') ?: 'nowhere');
printf("run.sh ran at %s\n", require '/app/started.php');
