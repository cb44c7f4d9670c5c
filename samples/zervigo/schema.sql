-- The tables of Zervigo's PostgreSQL (generation C) that a sync reads. Times have no zone: they are the server's wall time.
create table zervigo_auth_users (
  id bigserial primary key, username varchar(50) unique not null, email varchar(100) unique not null, phone varchar(20) unique,
  password_hash varchar(255) not null default '', status varchar(20) default 'active', email_verified boolean default false,
  phone_verified boolean default false, created_at timestamp default current_timestamp, updated_at timestamp default current_timestamp,
  last_login_at timestamp, deleted_at timestamp
);
create table zervigo_user_profiles (
  id bigserial primary key, user_id bigint unique not null, real_name varchar(50), nickname varchar(50), gender int, birthday date, phone varchar(20),
  wechat varchar(50), qq varchar(20), province varchar(50), city varchar(50), current_position varchar(100), current_company varchar(100),
  work_experience int, education_level varchar(20), location_preferences text[], is_public boolean default true,
  created_at timestamp default current_timestamp, updated_at timestamp default current_timestamp
);
create table zervigo_user_skills (
  id bigserial primary key, user_id bigint not null, skill_name varchar(100) not null, skill_category varchar(50), proficiency_level int,
  updated_at timestamp default current_timestamp
);
create table zervigo_user_education (
  id bigserial primary key, user_id bigint not null, school_name varchar(200) not null, major varchar(100), degree varchar(50), start_date date,
  end_date date, is_current boolean default false, updated_at timestamp default current_timestamp
);
create table zervigo_user_experience (
  id bigserial primary key, user_id bigint not null, company_name varchar(200) not null, position varchar(100) not null, start_date date not null,
  end_date date, is_current boolean default false, job_description text, achievements text, updated_at timestamp default current_timestamp
);
create table zervigo_jobs (
  id bigserial primary key, title varchar(200) not null, description text not null, requirements text, responsibilities text,
  company_id bigint not null, company_name varchar(200), work_type varchar(20), work_location varchar(200), remote_allowed boolean default false,
  experience_required varchar(50), education_required varchar(50), skills_required text[], status varchar(20) default 'draft',
  updated_at timestamp default current_timestamp
);
create table zervigo_job_applications (
  id bigserial primary key, job_id bigint not null, user_id bigint not null, resume_id varchar(50), status varchar(20) default 'pending',
  updated_at timestamp default current_timestamp, unique (job_id, user_id)
);
create table companies (
  company_id bigserial primary key, company_name varchar(200) not null, industry varchar(100), company_size varchar(50), website varchar(200),
  city varchar(50), status int default 1, legal_representative_id varchar(50), updated_at timestamp default current_timestamp
);
create table resume_permission (
  id bigserial primary key, resume_id varchar(50) not null, privacy_level varchar(20) default 'PUBLIC'
);
create function update_updated_at_column() returns trigger as $$ begin new.updated_at = current_timestamp; return new; end $$ language plpgsql;
create trigger users_updated before update on zervigo_auth_users for each row execute function update_updated_at_column();
create trigger profiles_updated before update on zervigo_user_profiles for each row execute function update_updated_at_column();
create trigger jobs_updated before update on zervigo_jobs for each row execute function update_updated_at_column();
