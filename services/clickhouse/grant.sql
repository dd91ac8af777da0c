CREATE USER OR REPLACE `{user}` IDENTIFIED WITH sha256_password BY '{password}' DEFAULT DATABASE `{database}`;
GRANT ALL ON `{database}`.* TO `{user}`;
