<?php

declare(strict_types=1);

namespace Identicon;

final class Identicon
{
    private const CELLS = 7;

    public function __construct(private readonly string $name)
    {
    }

    /** The picture, `$size` pixels wide and high, as the bytes of a PNG file. */
    public function png(int $size = 280): string
    {
        $bits = hash('sha256', $this->name, true);
        $image = imagecreatetruecolor($size, $size);
        imagefill($image, 0, 0, imagecolorallocate($image, 250, 248, 244));
        $ink = imagecolorallocate($image, ord($bits[29]) >> 1, ord($bits[30]) >> 1, ord($bits[31]) >> 1);
        $cell = intdiv($size, self::CELLS);
        for ($row = 0; $row < self::CELLS; $row++) {
            for ($column = 0; $column < self::CELLS; $column++) {
                $mirrored = min($column, self::CELLS - 1 - $column);
                if (ord($bits[$row * 4 + $mirrored]) & 1) {
                    $x = $column * $cell;
                    $y = $row * $cell;
                    imagefilledrectangle($image, $x, $y, $x + $cell - 1, $y + $cell - 1, $ink);
                }
            }
        }
        ob_start();
        imagepng($image);
        return ob_get_clean();
    }
}
