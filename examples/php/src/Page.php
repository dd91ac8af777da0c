<?php

declare(strict_types=1);

namespace App;

final class Page
{
    public static function of(string $name): string
    {
        $title = htmlspecialchars(mb_convert_case($name, MB_CASE_TITLE));
        $picture = '/picture/' . rawurlencode($name) . '.png';
        return <<<HTML
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <title>$title</title>
            <link rel="stylesheet" href="/style.css">
            <h1>Hello, $title</h1>
            <img src="$picture" alt="The identicon of $title" width="280" height="280">
            <form>
                <input name="name" placeholder="another name" autofocus>
            </form>

            HTML;
    }
}
