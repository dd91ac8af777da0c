<?php

declare(strict_types=1);

require __DIR__ . '/../vendor/autoload.php';

$path = rawurldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '/');

if ($path === '/') {
    echo App\Page::of($_GET['name'] ?? 'world');
} elseif (preg_match('#^/picture/(.{1,100})\.png$#u', $path, $match)) {
    header('Content-Type: image/png');
    header('Cache-Control: public, max-age=86400');
    echo (new Identicon\Identicon($match[1]))->png();
} else {
    http_response_code(404);
    echo "There is nothing here.\n";
}
