<?php
$database = new PDO(...require '/app/config.php');

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $sent = $_FILES['file'] ?? null;
    if (!$sent || $sent['error'] !== UPLOAD_ERR_OK) {
        http_response_code(400);
        exit("A file, please.\n");
    }
    $kept = bin2hex(random_bytes(8)) . '-' . preg_replace('/[^a-z0-9.-]/i', '_', substr($sent['name'], -40));
    move_uploaded_file($sent['tmp_name'], "/uploads/$kept");
    $database->prepare('INSERT INTO uploads (file, title) VALUES (?, ?)')->execute([$kept, $_POST['title'] ?? '']);
    header('Location: /', true, 303);
    exit;
}
?>
<!doctype html>
<meta charset="utf-8">
<title>Uploads</title>
<form method="post" enctype="multipart/form-data">
  <input name="title" placeholder="Title"> <input name="file" type="file" required> <button>Send</button>
</form>
<ul>
<?php foreach ($database->query('SELECT file, title FROM uploads ORDER BY id DESC') as $row): ?>
  <li><a href="/uploads/<?= rawurlencode($row['file']) ?>"><?= htmlspecialchars($row['title']) ?></a></li>
<?php endforeach ?>
</ul>
